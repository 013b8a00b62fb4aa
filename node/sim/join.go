package sim

// Join adds a node without stake, which starts at once with an empty chain.
func (w *World) Join() (*Node, error) {
	n, err := w.newNode(len(w.nodes))
	if err != nil {
		return nil, err
	}
	w.say("%s joins", n.Name)
	n.restart()
	return n, nil
}
