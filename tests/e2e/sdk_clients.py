# SPDX-License-Identifier: Apache-2.0
"""AWS's own clients, as they come: each invokes a function of a daemon and tells in one way what it was told."""
import base64
import json
import pathlib
import subprocess
import tempfile
from dataclasses import dataclass

from harness import REPO, TOOLS

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
               "AWS_EC2_METADATA_DISABLED": "true", "NODE_PATH": str(TOOLS / "js-sdk/node_modules")}


@dataclass
class Said:
    """An answer, or the name of an error after so many attempts."""
    status: int = 0
    payload: bytes = b""
    error: str | None = None
    version: str | None = None
    log: str = ""
    failed: str | None = None
    attempts: int = 1


class Boto3:
    def invoke(self, daemon, name, payload, kind="RequestResponse"):
        client = daemon.boto3(retries={"mode": "standard", "total_max_attempts": 3})
        how = {"LogType": "Tail"} if kind == "Tail" else {"InvocationType": kind}
        try:
            answer = client.invoke(FunctionName=name, Payload=json.dumps(payload), **how)
        except client.exceptions.ClientError as error:
            told = error.response
            return Said(failed=told["Error"]["Code"], attempts=told["ResponseMetadata"]["RetryAttempts"] + 1)
        return Said(answer["StatusCode"], answer["Payload"].read(), answer.get("FunctionError"),
                    answer.get("ExecutedVersion"), base64.b64decode(answer.get("LogResult", "")).decode())

    def stream(self, daemon, name, payload):
        answer = daemon.boto3().invoke_with_response_stream(FunctionName=name, Payload=json.dumps(payload))
        for event in answer["EventStream"]:
            yield event["PayloadChunk"]["Payload"] if "PayloadChunk" in event else event["InvokeComplete"]


class Program:
    """One of tests/e2e/clients."""

    def __init__(self, *command):
        self.command = command

    def _start(self, daemon, name, payload, kind):
        return subprocess.Popen([*self.command, daemon.url, name, json.dumps(payload), kind],
                                env={**daemon.lemu.environment, **ENVIRONMENT}, stdout=subprocess.PIPE, text=True)

    def invoke(self, daemon, name, payload, kind="RequestResponse"):
        said = json.loads(self._start(daemon, name, payload, kind).communicate()[0])
        if "failed" in said:
            return Said(**said)
        return Said(said["status"], base64.b64decode(said["payload"] or ""), said["error"], said["version"],
                    base64.b64decode(said["log"] or "").decode())

    def stream(self, daemon, name, payload):
        with self._start(daemon, name, payload, "Stream") as running:
            for line in running.stdout:
                event = json.loads(line)
                assert event.keys() <= {"chunk", "complete"} and event, f"{self.command}: {event}"
                yield base64.b64decode(event["chunk"]) if "chunk" in event else event["complete"]
        assert running.returncode == 0


class AwsCli:
    """Version 2; it has no response streams."""

    def invoke(self, daemon, name, payload, kind="RequestResponse"):
        with tempfile.TemporaryDirectory() as folder:
            return self._invoke(daemon, name, payload, kind, pathlib.Path(folder) / "out.json")

    def _invoke(self, daemon, name, payload, kind, out):
        how = ["--log-type", "Tail"] if kind == "Tail" else ["--invocation-type", kind]
        ran = subprocess.run(
            ["/usr/bin/aws", "lambda", "invoke", "--endpoint-url", daemon.url, "--function-name", name,
             "--payload", json.dumps(payload), "--cli-binary-format", "raw-in-base64-out", *how, out],
            env={**daemon.lemu.environment, **ENVIRONMENT}, capture_output=True, text=True)
        if ran.returncode:
            # "An error occurred (NAME) when calling the Invoke operation (reached max retries: 2): …"
            before, _, after = ran.stderr.partition("(")[2].partition(")")
            retries = after.partition("max retries: ")[2].partition(")")[0]
            return Said(failed=before, attempts=int(retries or 0) + 1)
        said = json.loads(ran.stdout)
        return Said(said["StatusCode"], out.read_bytes(), said.get("FunctionError"), said.get("ExecutedVersion"),
                    base64.b64decode(said.get("LogResult", "")).decode())


CLIENTS = {
    "boto3": Boto3(),
    "js-sdk": Program("node", REPO / "tests/e2e/clients/client.cjs"),
    "go-sdk": Program(TOOLS / "go-sdk"),
    "awscli-2": AwsCli(),
}
STREAMING_CLIENTS = [name for name in CLIENTS if name != "awscli-2"]
