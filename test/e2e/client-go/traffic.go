package main

import (
	"net/http"
	"sort"
	"strings"
	"sync"
)

// Traffic remembers what was asked and in which form it was answered.
type Traffic struct {
	mutex    sync.Mutex
	requests []request
}

type request struct {
	method, path, query, contentType string
}

type roundTripper func(*http.Request) (*http.Response, error)

func (trip roundTripper) RoundTrip(asked *http.Request) (*http.Response, error) { return trip(asked) }

func (traffic *Traffic) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(asked *http.Request) (*http.Response, error) {
		answer, err := next.RoundTrip(asked)
		if err != nil {
			return answer, err
		}
		traffic.mutex.Lock()
		defer traffic.mutex.Unlock()
		contentType, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
		traffic.requests = append(traffic.requests, request{asked.Method, asked.URL.Path, asked.URL.RawQuery, contentType})
		return answer, nil
	})
}

// count tells how many requests to paths that end so had all of these in their query.
func (traffic *Traffic) count(pathEnd string, inQuery ...string) int {
	traffic.mutex.Lock()
	defer traffic.mutex.Unlock()
	count := 0
	for _, one := range traffic.requests {
		matches := strings.HasSuffix(one.path, pathEnd)
		for _, part := range inQuery {
			matches = matches && strings.Contains(one.query, part)
		}
		if matches {
			count++
		}
	}
	return count
}

// lists tells how many collections were read without a watch.
func (traffic *Traffic) lists(pathEnd string) int {
	traffic.mutex.Lock()
	defer traffic.mutex.Unlock()
	count := 0
	for _, one := range traffic.requests {
		if one.method == http.MethodGet && strings.HasSuffix(one.path, pathEnd) && !strings.Contains(one.query, "watch=") {
			count++
		}
	}
	return count
}

// contentTypes are those of all answers so far, each once.
func (traffic *Traffic) contentTypes() []string {
	traffic.mutex.Lock()
	defer traffic.mutex.Unlock()
	seen := map[string]bool{}
	for _, one := range traffic.requests {
		seen[one.contentType] = true
	}
	types := make([]string, 0, len(seen))
	for one := range seen {
		types = append(types, one)
	}
	sort.Strings(types)
	return types
}
