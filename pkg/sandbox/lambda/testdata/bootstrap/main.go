// Command bootstrap is a function for the tests: it does what the message tells
// it to.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		response, err := http.Get(api + "next")
		if err != nil {
			os.Exit(2)
		}
		body, _ := io.ReadAll(response.Body)
		id := response.Header.Get("Lambda-Runtime-Aws-Request-Id")
		answer, path := handle(body, id), "/response"
		if answer == "" {
			path = "/error"
		}
		if _, err := http.Post(api+id+path, "application/json", strings.NewReader(answer)); err != nil {
			os.Exit(2)
		}
	}
}

func handle(body []byte, id string) string {
	var e struct {
		Records []struct{ MessageID, Body string }
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return ""
	}
	failed := []string{}
	for _, r := range e.Records {
		fmt.Printf("%s did %s %s %s\n", id, r.Body, os.Getenv("GREETING"), os.Getenv("AWS_ACCESS_KEY_ID"))
		switch r.Body {
		case "crash":
			os.Exit(3)
		case "hang":
			select {}
		case "fail":
			return ""
		case "give back":
			failed = append(failed, `{"itemIdentifier":"`+r.MessageID+`"}`)
		case "much":
			fmt.Println(strings.Repeat(strings.Repeat("x", 1023)+"\n", 300) + "last")
		}
	}
	return `{"batchItemFailures":[` + strings.Join(failed, ",") + `]}`
}
