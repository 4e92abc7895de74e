package schedule

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"assay/app/fault"
	"assay/app/mail"
)

// Bounds of what is saved.
const (
	mostTargets = 100
	mostNote    = 5000
	mostSubject = 200
	mostBack    = 1000
	mostRepeats = 1000
)

// Check tells what is wrong with the schedule, by field, and settles what was left open.
func (b *Body) Check() error {
	var problems fault.Fields
	b.When.check(&problems)
	if b.Do == "" {
		b.Do = Deliver
	}
	if n := count(b.Dashboard, b.Report, b.Question); n != 1 {
		problems.Add("question", "Choose one dashboard, report or question")
	}
	switch b.Do {
	case Refresh:
		b.To, b.Attach, b.Subject, b.Note, b.SkipEmpty = nil, nil, "", "", false
	case Deliver:
		checkTargets(&b.To, &problems)
		b.checkAttach(&problems)
	default:
		problems.Add("do", "A schedule refreshes or delivers: refresh or deliver")
	}
	if b.Subject = strings.TrimSpace(b.Subject); utf8.RuneCountInString(b.Subject) > mostSubject {
		problems.Add("subject", "A subject has at most %d characters", mostSubject)
	}
	checkNote(&b.Note, &problems)
	return problems.Err()
}

func count(texts ...string) (n int) {
	for _, s := range texts {
		if s != "" {
			n++
		}
	}
	return n
}

func (b *Body) checkAttach(problems *fault.Fields) {
	var list []string
	for _, a := range b.Attach {
		switch a = strings.ToLower(strings.TrimSpace(a)); {
		case !slices.Contains([]string{"pdf", "csv", "xlsx"}, a):
			problems.Add("attach", "What can be attached is pdf, csv and xlsx")
		case !slices.Contains(list, a):
			list = append(list, a)
		}
	}
	b.Attach = list
}

func checkNote(note *string, problems *fault.Fields) {
	if *note = strings.TrimSpace(*note); utf8.RuneCountInString(*note) > mostNote {
		problems.Add("note", "A note has at most %s characters", "5,000")
	}
}

func checkTargets(list *[]Target, problems *fault.Fields) {
	var kept []Target
	for _, t := range *list {
		t.Kind, t.ID = strings.ToLower(strings.TrimSpace(t.Kind)), strings.TrimSpace(t.ID)
		switch t.Kind {
		case ToMail:
			address, err := mail.Address(t.Address)
			if err != nil {
				problems.Add("to", "%s", fault.MessageOf(err))
				continue
			}
			t.ID, t.Address = "", address
		case ToPerson, ToSlack, ToWebhook:
			if t.Address = ""; t.ID == "" {
				problems.Add("to", "Choose who or which channel it goes to")
				continue
			}
		default:
			problems.Add("to", "A recipient is a person, a mail address, a Slack channel or a webhook")
			continue
		}
		if !slices.ContainsFunc(kept, func(k Target) bool { return k.key() == t.key() }) {
			kept = append(kept, t)
		}
	}
	if *list = kept; len(kept) == 0 {
		problems.Add("to", "Choose at least one recipient")
	} else if len(kept) > mostTargets {
		problems.Add("to", "There are at most %d recipients", mostTargets)
	}
}

// key is what a target is known by in its run.
func (t Target) key() string {
	if t.Kind == ToMail {
		return t.Kind + ":" + strings.ToLower(t.Address)
	}
	return t.Kind + ":" + t.ID
}

// targetOf reads a key.
func targetOf(key string) Target {
	kind, rest, _ := strings.Cut(key, ":")
	if kind == ToMail {
		return Target{Kind: kind, Address: rest}
	}
	return Target{Kind: kind, ID: rest}
}

// The conditions of alerts.
const (
	isAbove   = "above"
	isBelow   = "below"
	isOutside = "outside"
	isChange  = "change"
	isAnomaly = "anomaly"
	isRows    = "rows"
)

// Check tells what is wrong with the alert, by field, and settles what was left open.
func (b *AlertBody) Check() error {
	var problems fault.Fields
	b.When.check(&problems)
	if b.Question == "" {
		problems.Add("question", "Choose the question that it watches")
	}
	b.checkCondition(&problems)
	checkTargets(&b.To, &problems)
	checkNote(&b.Note, &problems)
	if b.For < 0 || b.For > mostRepeats {
		problems.Add("for", "It has to hold for 1 to 1,000 runs in a row")
	}
	if b.Again < 0 || b.Again > 24*366 {
		problems.Add("again", "A reminder comes after some hours, at most a year")
	}
	return problems.Err()
}

func (b *AlertBody) checkCondition(problems *fault.Fields) {
	for name, v := range map[string]*float64{"value": b.Value, "upper": b.Upper, "clear": b.Clear} {
		if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
			problems.Add(name, "This is not a number")
		}
	}
	if b.Rows == "" {
		b.Rows = "last"
	}
	if !slices.Contains([]string{"last", "first", "any", "all"}, b.Rows) {
		problems.Add("rows", "The rows that count are last, first, any or all")
	}
	if b.Condition != isOutside {
		b.Upper = nil
	}
	if b.Back < 0 || b.Back > mostBack {
		problems.Add("back", "It compares with 1 to 1,000 rows before")
	}
	if b.Condition != isChange && b.Condition != isAnomaly {
		b.Back = 0
	} else {
		b.Back, b.Rows = max(b.Back, 1), "last"
	}
	needs := func(v *float64, field string) bool {
		if v == nil {
			problems.Add(field, "Give the value that it is compared with")
		}
		return v != nil
	}
	switch b.Condition {
	case isAbove:
		if needs(b.Value, "value") && b.Clear != nil && *b.Clear > *b.Value {
			problems.Add("clear", "It ends at or below %s", number(*b.Value))
		}
	case isBelow:
		if needs(b.Value, "value") && b.Clear != nil && *b.Clear < *b.Value {
			problems.Add("clear", "It ends at or above %s", number(*b.Value))
		}
	case isOutside:
		if needs(b.Value, "value") && needs(b.Upper, "upper") {
			if *b.Upper <= *b.Value {
				problems.Add("upper", "The upper bound is above the lower one")
			} else if b.Clear != nil && (*b.Clear < 0 || 2**b.Clear >= *b.Upper-*b.Value) {
				problems.Add("clear", "It ends when the value is so far inside both bounds, which lie %s apart", number(*b.Upper-*b.Value))
			}
		}
	case isChange:
		if needs(b.Value, "value") && b.Clear != nil && (math.Abs(*b.Clear) > math.Abs(*b.Value) || *b.Clear**b.Value < 0) {
			problems.Add("clear", "It ends at a smaller change than %s %%", number(*b.Value))
		}
	case isAnomaly:
		if b.Value != nil && *b.Value <= 0 {
			problems.Add("value", "A change is unusual from some deviations on, such as 3.5")
		}
		b.Clear = nil
	case isRows:
		b.Column, b.Clear = "", nil
	default:
		problems.Add("condition", "A condition is above, below, outside, change, anomaly or rows")
	}
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
