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

var (
	contentLength = []byte("content-length:")
	chunked       = []byte("transfer-encoding: chunked")
)

// inChunks is the length of a body that says its own, chunk by chunk.
const inChunks = -1

// connection is one TLS connection and what is left to read of it.
type connection struct {
	conn   *tls.Conn
	reader *bufio.Reader
	status []byte
}

func dial(s *Settings) (*connection, error) {
	dialer := &net.Dialer{Timeout: deadline}
	conn, err := tls.DialWithDialer(dialer, "tcp", s.address, s.tls)
	if err != nil {
		return nil, err
	}
	status := fmt.Appendf(nil, "HTTP/1.1 %d ", s.status)
	return &connection{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10), status: status}, nil
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
	if !bytes.HasPrefix(status, c.status) {
		return fmt.Errorf("answered %q", bytes.TrimSpace(status))
	}
	length, err := c.length()
	if err != nil {
		return err
	}
	if length == inChunks {
		return c.discardChunks()
	}
	_, err = c.reader.Discard(length)
	return err
}

// discardChunks reads a body in chunks to its end, after which there are no trailers.
func (c *connection) discardChunks() error {
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if _, err = c.reader.Discard(int(size) + len("\r\n")); err != nil || size == 0 {
			return err
		}
	}
}

// length reads the headers and gives the length of the body after them.
func (c *connection) length() (int, error) {
	length, found := 0, false
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
			found = true
		} else if bytes.EqualFold(line, chunked) {
			length, found = inChunks, true
		}
	}
	if !found {
		return 0, errors.New("the answer says no length")
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
