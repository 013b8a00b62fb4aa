// Command agent is what the smoke test runs in its pods: a little web server that can also look around from inside.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("agent: serve | lookup NAME | get URL | dial ADDRESS | write FILE TEXT | read FILE")
	}
	if err := do(os.Args[1], append(os.Args[2:], "", "")); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func do(verb string, args []string) error {
	switch verb {
	case "serve":
		log.Println("serving")
		return http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			name, _ := os.Hostname()
			fmt.Fprint(w, name)
		}))
	case "lookup":
		addrs, err := net.LookupHost(args[0])
		slices.Sort(addrs)
		fmt.Println(strings.Join(addrs, " "))
		return err
	case "get":
		resp, err := (&http.Client{Timeout: 5 * time.Second}).Get(args[0])
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(os.Stdout, resp.Body)
		return err
	case "dial":
		conn, err := net.DialTimeout("tcp", args[0], 5*time.Second)
		if err == nil {
			conn.Close()
			return errors.New("connected")
		}
		fmt.Println(err)
		return nil
	case "write":
		return os.WriteFile(args[0], []byte(args[1]), 0o644)
	case "read":
		data, err := os.ReadFile(args[0])
		fmt.Print(string(data))
		return err
	}
	return fmt.Errorf("unknown verb %q", verb)
}
