# SPDX-License-Identifier: Apache-2.0
"""An arm64 Lambda function, tested through boto3 as it would be called in AWS."""
import json
import os
import subprocess

import boto3
import pytest


@pytest.fixture(scope="session")
def greet():
    """Calls the function, which a lemu of this session serves."""
    function = f"greet={os.environ['GREET']},arch=arm64"
    lemu = subprocess.Popen(["lemu", "serve", "--function", function, "--port", "0"], stdout=subprocess.PIPE, text=True)
    address = lemu.stdout.readline().split()[-1]  # "lemu serves http://127.0.0.1:45367": it is ready
    client = boto3.client("lambda", endpoint_url=address, region_name="us-east-1", aws_access_key_id="test",
                          aws_secret_access_key="test")
    yield lambda event: client.invoke(FunctionName="greet", Payload=json.dumps(event))
    lemu.terminate()
    assert lemu.wait() == 0


def test_a_name_is_greeted(greet):
    answer = greet({"name": "Ada"})
    assert "FunctionError" not in answer
    said = json.load(answer["Payload"])
    assert said["message"] == "Hello, Ada!"
    assert said["architecture"] == "arm64"


def test_without_a_name_it_fails(greet):
    answer = greet({})
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorMessage"] == 'the event has no "name"'
