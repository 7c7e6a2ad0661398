// SPDX-License-Identifier: Apache-2.0

// An arm64 Lambda function, tested through the AWS SDK as it would be called in AWS.
package greet

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

var client *lambda.Client

// One lemu serves the function to all tests.
func TestMain(m *testing.M) {
	lemu := exec.Command("lemu", "serve", "--function", "greet="+os.Getenv("GREET")+",arch=arm64", "--port", "0")
	lemu.Stderr = os.Stderr
	out, err := lemu.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := lemu.Start(); err != nil {
		panic(err)
	}
	ready, err := bufio.NewReader(out).ReadString('\n') // "lemu serves http://127.0.0.1:45367"
	if err != nil {
		panic("lemu does not serve: " + err.Error())
	}
	client = lambda.New(lambda.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(strings.Fields(ready)[2]),
		Credentials:  aws.AnonymousCredentials{},
	})
	code := m.Run()
	lemu.Process.Signal(syscall.SIGTERM)
	if err := lemu.Wait(); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func invoke(t *testing.T, event string) (functionError string, said map[string]any) {
	t.Helper()
	answer, err := client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("greet"), Payload: []byte(event)})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Payload, &said); err != nil {
		t.Fatal(err)
	}
	return aws.ToString(answer.FunctionError), said
}

func TestANameIsGreeted(t *testing.T) {
	failed, said := invoke(t, `{"name": "Ada"}`)
	if failed != "" || said["message"] != "Hello, Ada!" || said["architecture"] != "arm64" {
		t.Error(failed, said)
	}
}

func TestWithoutANameItFails(t *testing.T) {
	failed, said := invoke(t, `{}`)
	if failed != "Unhandled" || said["errorMessage"] != `the event has no "name"` {
		t.Error(failed, said)
	}
}
