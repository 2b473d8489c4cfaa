package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// deadline is how long an answer may take before the run counts as failed.
const deadline = 10 * time.Second

var contentLength = []byte("content-length:")

// connection is one TLS connection and what is left to read of it.
type connection struct {
	conn   *tls.Conn
	reader *bufio.Reader
}

func dial(s *Settings) (*connection, error) {
	dialer := &net.Dialer{Timeout: deadline}
	conn, err := tls.DialWithDialer(dialer, "tcp", s.address, s.tls)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// ask sends one request and reads its answer to the end.
func (c *connection) ask(request []byte) error {
	if err := c.conn.SetDeadline(time.Now().Add(deadline)); err != nil {
		return err
	}
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	status, err := c.reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("answered %q", bytes.TrimSpace(status))
	}
	length, err := c.length()
	if err != nil {
		return err
	}
	_, err = c.reader.Discard(length)
	return err
}

// length reads the headers and gives the length of the body after them.
func (c *connection) length() (int, error) {
	length := -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if len(line) > len(contentLength) && bytes.EqualFold(line[:len(contentLength)], contentLength) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errors.New("the answer has no Content-Length")
	}
	return length, nil
}

func (c *connection) close() { _ = c.conn.Close() }

// askOnce opens a connection for one request.
func askOnce(s *Settings, request []byte) error {
	c, err := dial(s)
	if err != nil {
		return err
	}
	defer c.close()
	return c.ask(request)
}
