// SPDX-License-Identifier: Apache-2.0

// An arm64 Lambda function, tested through the AWS SDK as it would be called in AWS.
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const readline = require('node:readline');
const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');

let lemu, client;

beforeAll(async () => {
  const served = `greet=${process.env.GREET},arch=arm64`;
  lemu = spawn('lemu', ['serve', '--function', served, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [ready] = await once(readline.createInterface(lemu.stdout), 'line'); // "lemu serves http://127.0.0.1:45367"
  client = new LambdaClient({
    endpoint: ready.split(' ').at(-1),
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});

afterAll(async () => {
  client.destroy();
  lemu.kill('SIGTERM');
  const [code] = await once(lemu, 'exit');
  expect(code).toBe(0);
});

async function invoke(event) {
  const answer = await client.send(new InvokeCommand({ FunctionName: 'greet', Payload: JSON.stringify(event) }));
  return { failed: answer.FunctionError, ...JSON.parse(Buffer.from(answer.Payload)) };
}

test('a name is greeted', async () => {
  expect(await invoke({ name: 'Ada' })).toMatchObject({ message: 'Hello, Ada!', architecture: 'arm64' });
});

test('without a name it fails', async () => {
  expect(await invoke({})).toMatchObject({ failed: 'Unhandled', errorMessage: 'the event has no "name"' });
});
