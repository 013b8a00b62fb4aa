package disk

import "bytes"

// page is the most that is copied when a file grows.
const page = 32 << 10

// content is the bytes of a file, in pages: growing one copies a page at most, however large the file.
// All pages but the last are whole. The zero value is empty.
type content struct {
	pages [][]byte
	size  int64
}

// readAt fills b from off on, and gives how much there was.
func (c *content) readAt(b []byte, off int64) int {
	n := 0
	for off < c.size && n < len(b) {
		part := copy(b[n:], c.pages[off/page][off%page:])
		n, off = n+part, off+int64(part)
	}
	return n
}

// writeAt puts b at off; what lies between the end and off becomes zero.
func (c *content) writeAt(b []byte, off int64) {
	c.grow(off)
	for len(b) > 0 {
		at, in := off/page, off%page
		part := min(int64(len(b)), page-in)
		if at == int64(len(c.pages)) {
			c.pages = append(c.pages, nil)
		}
		p := &c.pages[at]
		there := copy((*p)[in:], b[:part])
		*p = append(*p, b[there:part]...)
		b, off = b[part:], off+part
	}
	c.size = max(c.size, off)
}

var zeros [page]byte

// grow makes the content at least size bytes long.
func (c *content) grow(size int64) {
	for c.size < size {
		c.writeAt(zeros[:min(size-c.size, page)], c.size)
	}
}

// cut makes the content at most size bytes long.
func (c *content) cut(size int64) {
	if size >= c.size {
		return
	}
	c.pages = c.pages[:(size+page-1)/page]
	if in := size % page; in > 0 {
		last := &c.pages[len(c.pages)-1]
		*last = (*last)[:in]
	}
	c.size = size
}

func (c *content) clone() content {
	out := content{pages: make([][]byte, len(c.pages)), size: c.size}
	for i, p := range c.pages {
		out.pages[i] = bytes.Clone(p)
	}
	return out
}

func (c *content) equal(o *content) bool {
	if c.size != o.size {
		return false
	}
	for i, p := range c.pages {
		if !bytes.Equal(p, o.pages[i]) {
			return false
		}
	}
	return true
}
