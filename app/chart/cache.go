package chart

import (
	"container/list"
	"sync"
)

// drawings keeps finished drawings by the hash of what they were made from, the
// least recently used going first when the bytes run out.
type drawings struct {
	mu    sync.Mutex
	limit int
	size  int
	order *list.List // of *drawing, the latest first
	byKey map[key]*list.Element
}

type key [32]byte

type drawing struct {
	key key
	svg []byte
}

func newDrawings(limit int) *drawings {
	return &drawings{limit: limit, order: list.New(), byKey: map[key]*list.Element{}}
}

func (c *drawings) get(k key) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[k]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*drawing).svg, true
}

func (c *drawings) put(k key, svg []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[k]; ok || len(svg) > c.limit {
		return
	}
	c.byKey[k] = c.order.PushFront(&drawing{k, svg})
	c.size += len(svg)
	for c.size > c.limit {
		last := c.order.Back()
		old := c.order.Remove(last).(*drawing)
		delete(c.byKey, old.key)
		c.size -= len(old.svg)
	}
}
