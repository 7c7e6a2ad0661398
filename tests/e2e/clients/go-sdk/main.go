// SPDX-License-Identifier: Apache-2.0

// go-sdk URL FUNCTION PAYLOAD: invokes with AWS's SDK for Go v2, and prints each event as it comes, as a line of
// JSON: {"chunk":"…"} or {"complete":{…}}.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
}

func set(fields map[string]string, name string, value *string) {
	if value != nil {
		fields[name] = *value
	}
}

func main() {
	client := lambda.New(lambda.Options{
		BaseEndpoint:     aws.String(os.Args[1]),
		Region:           "us-east-1",
		Credentials:      aws.CredentialsProviderFunc(credentials),
		RetryMaxAttempts: 1,
	})
	answer, err := client.InvokeWithResponseStream(context.Background(), &lambda.InvokeWithResponseStreamInput{
		FunctionName: aws.String(os.Args[2]),
		Payload:      []byte(os.Args[3]),
	})
	if err != nil {
		log.Fatal(err)
	}
	out := json.NewEncoder(os.Stdout)
	stream := answer.GetStream()
	for event := range stream.Events() {
		switch event := event.(type) {
		case *types.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
			out.Encode(map[string]string{"chunk": string(event.Value.Payload)})
		case *types.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
			complete := map[string]string{}
			set(complete, "ErrorCode", event.Value.ErrorCode)
			set(complete, "ErrorDetails", event.Value.ErrorDetails)
			set(complete, "LogResult", event.Value.LogResult)
			out.Encode(map[string]any{"complete": complete})
		}
	}
	if err := stream.Err(); err != nil {
		log.Fatal(err)
	}
}
