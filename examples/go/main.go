// SPDX-License-Identifier: Apache-2.0

// A Lambda function on the official Go client: {"name": "Ada"} gets a greeting.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"runtime"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type request struct {
	Name string `json:"name"`
}

type response struct {
	Message      string `json:"message"`
	Architecture string `json:"architecture"`
	Invocation   int    `json:"invocation"`
	HasDeadline  bool   `json:"has_deadline"`
}

var invocations int

func handle(ctx context.Context, in request) (response, error) {
	invocations++
	call, _ := lambdacontext.FromContext(ctx)
	log.Printf("greeting %q for %s", in.Name, call.InvokedFunctionArn)
	if in.Name == "" {
		return response{}, errors.New(`the event has no "name"`)
	}
	deadline, ok := ctx.Deadline()
	return response{
		Message:      "Hello, " + in.Name + "!",
		Architecture: runtime.GOARCH,
		Invocation:   invocations,
		HasDeadline:  ok && time.Until(deadline) > 0,
	}, nil
}

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stderr)
	lambda.Start(handle)
}
