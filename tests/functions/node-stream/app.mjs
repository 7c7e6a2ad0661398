// SPDX-License-Identifier: Apache-2.0
// Handlers for AWS's own runtime client for Node.js. `stream` streams with a prelude: {"parts":[…],"gate":PORT,"fail":1}
// (throws half way). With a gate each part waits for a byte of it before the function goes on.
import { once } from "node:events";
import { connect } from "node:net";

let invocation = 0;

async function open_gate(port) {
  if (!port) return async () => {};
  const gate = connect(port, "127.0.0.1");
  await once(gate, "connect");
  const pass = async () => {
    const byte = once(gate, "data");
    gate.write("0\n");
    return byte;
  };
  pass.close = () => gate.end();
  return pass;
}

export const stream = awslambda.streamifyResponse(async (event, response) => {
  const pass = await open_gate(event.gate);
  const body = awslambda.HttpResponseStream.from(response, { statusCode: 201, headers: { "x-made-by": "node" } });
  for (const part of event.parts) {
    body.write(part);
    await pass();
  }
  pass.close?.();
  if (event.fail) throw new Error("told to");
  body.end();
});

export async function plain(event, context) {
  if (!event.name) throw new TypeError('the event has no "name"');
  console.log("greeting", event.name);
  return { message: `Hello, ${event.name}!`, architecture: process.arch, invocation: ++invocation,
           id: context.awsRequestId, in_time: context.getRemainingTimeInMillis() > 0 };
}
