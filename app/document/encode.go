package document

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// kinds names the types of blocks where a document is kept as JSON.
var kinds = map[string]reflect.Type{
	"heading": reflect.TypeFor[Heading](), "paragraph": reflect.TypeFor[Paragraph](), "list": reflect.TypeFor[List](),
	"quote": reflect.TypeFor[Quote](), "code": reflect.TypeFor[Code](), "rule": reflect.TypeFor[Rule](), "page-break": reflect.TypeFor[PageBreak](),
	"contents": reflect.TypeFor[Contents](), "row": reflect.TypeFor[Row](), "grid": reflect.TypeFor[Grid](), "figure": reflect.TypeFor[Figure](),
}

type kept struct {
	Kind string          `json:"kind"`
	Is   json.RawMessage `json:"is"`
}

func encode(list []Block) ([]kept, error) {
	out := make([]kept, len(list))
	for i, b := range list {
		for name, t := range kinds {
			if reflect.TypeOf(b) == t {
				out[i].Kind = name
			}
		}
		if out[i].Kind == "" {
			return nil, fmt.Errorf("a block of type %T cannot be kept", b)
		}
		is, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		out[i].Is = is
	}
	return out, nil
}

func decode(list []kept) ([]Block, error) {
	if list == nil {
		return nil, nil
	}
	out := make([]Block, len(list))
	for i, k := range list {
		t, ok := kinds[k.Kind]
		if !ok {
			return nil, fmt.Errorf("there is no block of kind %q", k.Kind)
		}
		v := reflect.New(t)
		if err := json.Unmarshal(k.Is, v.Interface()); err != nil {
			return nil, err
		}
		out[i] = v.Elem().Interface().(Block)
	}
	return out, nil
}

// bare types have the fields and not the methods.
type (
	bareDocument Document
	bareQuote    Quote
	bareCell     Cell
	bareList     List
)

// MarshalJSON keeps the blocks with their kinds.
func (d Document) MarshalJSON() ([]byte, error) {
	blocks, err := encode(d.Blocks)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		bareDocument
		Blocks []kept
	}{bareDocument(d), blocks})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Document) UnmarshalJSON(text []byte) (err error) {
	var in struct {
		bareDocument
		Blocks []kept
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*d = Document(in.bareDocument)
	d.Blocks, err = decode(in.Blocks)
	return err
}

// MarshalJSON keeps the blocks with their kinds.
func (q Quote) MarshalJSON() ([]byte, error) {
	blocks, err := encode(q.Blocks)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		bareQuote
		Blocks []kept
	}{bareQuote(q), blocks})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (q *Quote) UnmarshalJSON(text []byte) (err error) {
	var in struct {
		bareQuote
		Blocks []kept
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*q = Quote(in.bareQuote)
	q.Blocks, err = decode(in.Blocks)
	return err
}

// MarshalJSON keeps the blocks with their kinds.
func (c Cell) MarshalJSON() ([]byte, error) {
	blocks, err := encode(c.Blocks)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		bareCell
		Blocks []kept
	}{bareCell(c), blocks})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Cell) UnmarshalJSON(text []byte) (err error) {
	var in struct {
		bareCell
		Blocks []kept
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*c = Cell(in.bareCell)
	c.Blocks, err = decode(in.Blocks)
	return err
}

// MarshalJSON keeps the items' blocks with their kinds.
func (l List) MarshalJSON() ([]byte, error) {
	items := make([][]kept, len(l.Items))
	for i, item := range l.Items {
		var err error
		if items[i], err = encode(item); err != nil {
			return nil, err
		}
	}
	return json.Marshal(struct {
		bareList
		Items [][]kept
	}{bareList(l), items})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *List) UnmarshalJSON(text []byte) (err error) {
	var in struct {
		bareList
		Items [][]kept
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*l = List(in.bareList)
	l.Items = make([][]Block, len(in.Items))
	for i, item := range in.Items {
		if l.Items[i], err = decode(item); err != nil {
			return err
		}
	}
	return nil
}
