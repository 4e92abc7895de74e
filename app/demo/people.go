package demo

import (
	"fmt"
	"sort"
	"strings"
)

const (
	customerCount = 14000
	// oldCustomers signed up before the first day of trade that is told.
	oldCustomers = 5200
)

var (
	firstNames = strings.Fields(`Ada Alba Amir Anna Anton Aria Arlo Arne Bela Bruno Cara Carlo Clara Cleo Dana Dario
		Edda Elias Elin Elsa Emil Emma Enzo Erik Eva Fabio Finn Flora Frida Greta Hanna Hugo Ida Ilse Ines Iris Ivo Jana
		Jonas Juna Kai Karla Lara Lars Lea Lena Leon Lina Lorenz Luca Lucia Mara Marco Maya Mila Milo Mira Nadia Nele Nico
		Nina Nora Olga Oskar Otto Paula Pia Quinn Rafael Rita Romy Rosa Ruben Sami Selma Sofia Stella Sven Talia Theo Tilda
		Timo Una Vera Vito Wanda Yara Zoe`)
	surnameStarts = strings.Fields(`Alder Amber Birk Brand Bruck Dorn Eber Eich Elm Falk Farn Grau Halm Hasel Heid
		Holt Iber Kalt Kern Korn Lach Lind Mohr Nebel Nord Ost Rauch Rosen Sand Seil Stern Tann Ulm Vester Wald Weid Winter`)
	surnameEnds = strings.Fields(`acker bach berg dahl felder graf hagen hofer holm kamp land lund mann moor rath sen stedt
		strand ter wick`)
	placeWords   = strings.Fields(`Corner Garden Harbour Station Mill Bridge Market Tower Orchard Lantern Courtyard Terrace`)
	foodWords    = strings.Fields(`Café Bistro Bakery Canteen Tearoom Kitchen`)
	officeWords  = strings.Fields(`Studio Office Practice Agency Workshop Bureau`)
	segmentNames = []string{"household", "enthusiast", "office", "gastronomy"}
)

// customer is a row of customers and how they behave.
type customer struct {
	id            int64
	name, email   string
	segment       string
	country, city string
	signup        day
	newsletter    bool
	born          int64 // 0 where unknown
	weight        int64
	leaves        day // from when this customer orders no more; after lastDay for most
	first         int // the cell in which the first order is placed, -1 for old customers
	ordered       bool
}

// customers returns everybody who signs up, by day, ids from 1.
func customers(cells []cell) []*customer {
	d := newDice(2)
	shares := make([]int64, len(places))
	for i, p := range places {
		shares[i] = p.share
	}
	ranks := shuffled(d, customerCount)
	all := make([]*customer, customerCount)
	for i := range all {
		c := &customer{first: -1, leaves: lastDay + 1, newsletter: d.chance(430)}
		if i < oldCustomers {
			c.signup = -1 - d.below(1300)*d.between(300, 1000)/1000
		} else {
			c.signup = signupDay(d)
		}
		p := &places[d.pick(shares)]
		c.country, c.city = p.country, p.town(d)
		c.segment = segmentNames[d.pick([]int64{715, 180, 70, 35})]
		// Few customers order much: the weight falls with the rank, which chance deals out.
		c.weight = 3000000 / (ranks[i] + 400)
		switch c.segment {
		case "enthusiast":
			c.weight = times(c.weight, 1600)
		case "office":
			c.weight = times(c.weight, 1700)
			if d.chance(officeLeavers) && c.signup < officeFrom {
				c.leaves = officeFrom + d.below(lastDay-officeFrom-45)
			}
		case "gastronomy":
			c.weight = times(c.weight, 2600)
		}
		if (c.segment == "household" || c.segment == "enthusiast") && d.chance(660) {
			c.born = 1948 + d.below(30) + d.below(31)
		}
		all[i] = c
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].signup < all[j].signup })
	for i, c := range all {
		c.id = int64(i + 1)
		c.name, c.email = identity(d, c)
		if c.signup >= 0 {
			c.first = firstCell(d, cells, c)
		}
	}
	return all
}

// signupDay draws a day on which a new customer comes, more of them when trade is lively.
func signupDay(d *dice) day {
	for {
		at := d.below(lastDay + 1)
		if d.below(2400*1300) < along(trading, timeOf(at))*(1000+300*at/lastDay) {
			return at
		}
	}
}

func (p *place) town(d *dice) string {
	shares := make([]int64, len(p.cities))
	for i, c := range p.cities {
		shares[i] = c.share
	}
	return p.cities[d.pick(shares)].name
}

// identity invents a name and an address that reaches nobody.
func identity(d *dice, c *customer) (name, email string) {
	one := func(words []string) string { return words[d.below(int64(len(words)))] }
	switch c.segment {
	case "office":
		name = one(surnameStarts) + one(surnameEnds) + " " + one(officeWords)
	case "gastronomy":
		name = one(placeWords) + " " + one(foodWords)
	default:
		name = one(firstNames) + " " + one(surnameStarts) + one(surnameEnds)
	}
	plain := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(name), "é", "e"), " ", ".")
	return name, fmt.Sprintf("%s.%d@example.com", plain, c.id)
}

// shuffled returns the numbers from 0 to n-1 in a drawn order.
func shuffled(d *dice, n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = int64(i)
	}
	for i := n - 1; i > 0; i-- {
		j := d.below(int64(i + 1))
		all[i], all[j] = all[j], all[i]
	}
	return all
}
