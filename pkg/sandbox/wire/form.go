package wire

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A node is one parameter of a query request, and what hangs under it by dots:
// Tags.member.1.Key is the node Key of the node 1 of the node member of Tags.
type node struct {
	value    string
	present  bool // the parameter itself was given, perhaps empty
	children map[string]*node
}

// maxDepth bounds the dots of a name: AWS's deepest input has some ten.
const maxDepth = 32

// parseForm makes a tree of a request's parameters.
func parseForm(form url.Values) (*node, error) {
	root := &node{}
	for name, values := range form {
		n := root
		parts := strings.Split(name, ".")
		if len(parts) > maxDepth {
			return nil, Errorf("MalformedQueryString", "parameter name is nested too deep")
		}
		for _, part := range parts {
			n = n.grow(part)
		}
		n.value, n.present = values[0], true
	}
	return root, nil
}

func (n *node) grow(name string) *node {
	if n.children == nil {
		n.children = map[string]*node{}
	}
	child := n.children[name]
	if child == nil {
		child = &node{}
		n.children[name] = child
	}
	return child
}

// child returns the node under name; nil where there is none, or no n.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	return n.children[name]
}

// items returns the nodes under a list in the order of their numbers.
func (n *node) items() []*node {
	type numbered struct {
		number int
		node   *node
	}
	var list []numbered
	for name, child := range n.children {
		if i, err := strconv.Atoi(name); err == nil {
			list = append(list, numbered{i, child})
		}
	}
	slices.SortFunc(list, func(a, b numbered) int { return a.number - b.number })
	nodes := make([]*node, len(list))
	for i := range list {
		nodes[i] = list[i].node
	}
	return nodes
}
