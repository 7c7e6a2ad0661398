// SPDX-License-Identifier: Apache-2.0

// The official Go runtime streaming with a prelude, by its adapter for HTTP handlers:
// ?parts=one,two&gate=PORT&fail=1 (exits half way). With a gate each part waits for a byte of it before the function goes on.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambdaurl"
)

func handle(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	var gate net.Conn
	if port := query.Get("gate"); port != "" {
		var err error
		if gate, err = net.Dial("tcp", "127.0.0.1:"+port); err != nil {
			panic(err)
		}
		defer gate.Close()
	}
	w.Header().Set("X-Made-By", "go")
	w.WriteHeader(http.StatusCreated)
	for _, part := range strings.Split(query.Get("parts"), ",") {
		if gate != nil {
			fmt.Fprintln(gate, 0)
		}
		io.WriteString(w, part)
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		if gate != nil {
			io.ReadFull(gate, make([]byte, 1))
		}
	}
	if query.Get("fail") != "" {
		os.Exit(2)
	}
}

func main() { lambdaurl.Start(http.HandlerFunc(handle)) }
