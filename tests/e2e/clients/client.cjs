// SPDX-License-Identifier: Apache-2.0
// client.cjs URL FUNCTION PAYLOAD KIND: AWS's SDK for JavaScript v3 as it comes. KIND is RequestResponse, DryRun, Event,
// Tail or Stream. Prints lines of JSON: {"status":…,"payload":base64,…}, or of a stream each event as it comes,
// {"chunk":base64} and {"complete":{…}}, or why not: {"failed":NAME,"attempts":N}.
const { InvokeCommand, InvokeWithResponseStreamCommand, LambdaClient } = require("@aws-sdk/client-lambda");

const [endpoint, FunctionName, Payload, kind] = process.argv.slice(2);
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const client = new LambdaClient({ endpoint, region: "us-east-1", credentials });
const base64 = (bytes) => Buffer.from(bytes ?? []).toString("base64");
const say = (line) => console.log(JSON.stringify(line));

async function invoke() {
  const how = kind === "Tail" ? { LogType: "Tail" } : { InvocationType: kind };
  const answer = await client.send(new InvokeCommand({ FunctionName, Payload, ...how }));
  say({ status: answer.StatusCode, payload: base64(answer.Payload), error: answer.FunctionError ?? null,
        version: answer.ExecutedVersion ?? null, log: answer.LogResult ?? null });
}

async function stream() {
  const answer = await client.send(new InvokeWithResponseStreamCommand({ FunctionName, Payload }));
  for await (const event of answer.EventStream)
    say(event.PayloadChunk ? { chunk: base64(event.PayloadChunk.Payload) } : { complete: event.InvokeComplete });
}

(kind === "Stream" ? stream() : invoke()).catch((error) =>
  say({ failed: error.name, attempts: error.$metadata?.attempts }));
