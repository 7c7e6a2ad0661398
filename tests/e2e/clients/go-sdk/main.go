// SPDX-License-Identifier: Apache-2.0

// go-sdk URL FUNCTION PAYLOAD KIND: AWS's SDK for Go v2, whose HTTP client has a request's body to itself. KIND is
// RequestResponse, DryRun, Event, Tail or Stream. Prints lines of JSON: {"status":…,"payload":base64,…}, or of a stream
// each event as it comes, {"chunk":base64} and {"complete":{…}}, or why not: {"failed":NAME,"attempts":N}.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

type fields map[string]any

func say(line fields) { json.NewEncoder(os.Stdout).Encode(line) }

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
}

func invoke(client *lambda.Client, name, payload, kind string) error {
	in := &lambda.InvokeInput{FunctionName: &name, Payload: []byte(payload)}
	if kind == "Tail" {
		in.LogType = types.LogTypeTail
	} else {
		in.InvocationType = types.InvocationType(kind)
	}
	answer, err := client.Invoke(context.Background(), in)
	if err != nil {
		return err
	}
	say(fields{"status": answer.StatusCode, "payload": answer.Payload, "error": answer.FunctionError,
		"version": answer.ExecutedVersion, "log": answer.LogResult})
	return nil
}

func set(complete fields, name string, value *string) {
	if value != nil {
		complete[name] = *value
	}
}

func stream(client *lambda.Client, name, payload string) error {
	answer, err := client.InvokeWithResponseStream(context.Background(),
		&lambda.InvokeWithResponseStreamInput{FunctionName: &name, Payload: []byte(payload)})
	if err != nil {
		return err
	}
	events := answer.GetStream()
	for event := range events.Events() {
		switch event := event.(type) {
		case *types.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
			say(fields{"chunk": event.Value.Payload})
		case *types.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
			complete := fields{}
			set(complete, "ErrorCode", event.Value.ErrorCode)
			set(complete, "ErrorDetails", event.Value.ErrorDetails)
			set(complete, "LogResult", event.Value.LogResult)
			say(fields{"complete": complete})
		}
	}
	return events.Err()
}

func failure(err error) fields {
	line := fields{"failed": err.Error(), "attempts": 1}
	var api smithy.APIError
	if errors.As(err, &api) {
		line["failed"] = api.ErrorCode()
	}
	var exhausted *retry.MaxAttemptsError
	if errors.As(err, &exhausted) {
		line["attempts"] = exhausted.Attempt
	}
	return line
}

// The SDK closes a request's body as soon as it has the head of the answer (smithy-go, transport/http/client.go). The
// transport may not have looked for the body's end by then: what the closed body says to that (io.EOF from its WriteTo)
// it takes for a failed write, and closes the connection. So the transport gets a body of its own.
type ownBody struct{}

func (ownBody) Do(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		return http.DefaultClient.Do(request)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request = request.Clone(request.Context())
	request.Body = io.NopCloser(bytes.NewReader(body))
	return http.DefaultClient.Do(request)
}

func main() {
	url, name, payload, kind := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	client := lambda.New(lambda.Options{
		BaseEndpoint: &url,
		Region:       "us-east-1",
		Credentials:  aws.CredentialsProviderFunc(credentials),
		HTTPClient:   ownBody{},
	})
	var err error
	if kind == "Stream" {
		err = stream(client, name, payload)
	} else {
		err = invoke(client, name, payload, kind)
	}
	if err != nil {
		say(failure(err))
	}
}
