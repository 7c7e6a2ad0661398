// SPDX-License-Identifier: Apache-2.0
// stream.cjs URL FUNCTION PAYLOAD: invokes with AWS's SDK for JavaScript v3, and prints each event as it comes, as
// a line of JSON: {"chunk":"…"} or {"complete":{…}}.
const { InvokeWithResponseStreamCommand, LambdaClient } = require("@aws-sdk/client-lambda");

const [endpoint, FunctionName, Payload] = process.argv.slice(2);
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const client = new LambdaClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });

(async () => {
  const answer = await client.send(new InvokeWithResponseStreamCommand({ FunctionName, Payload }));
  for await (const event of answer.EventStream) {
    const told = event.PayloadChunk
      ? { chunk: Buffer.from(event.PayloadChunk.Payload).toString("latin1") }
      : { complete: event.InvokeComplete };
    console.log(JSON.stringify(told));
  }
})();
