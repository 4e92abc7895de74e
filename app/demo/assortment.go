package demo

import (
	"fmt"
	"strings"
)

// line is a product line: what is common to its items, which are listed from
// the best to the least sold as "name price in cents".
type productLine struct {
	category, subcategory, supplier string
	cost                            mille // of the first price
	weight                          int64
	season                          string
	several                         int // how people buy them: 0 one, 1 a few, 2 sets
	items                           string
}

var productLines = []productLine{
	{"Tea", "Black tea", "Aldermoor Tea Gardens", 330, 1000, "winter", 1, "Breakfast blend 250 g:895|Bergamot classic 100 g:795|Highland leaf 250 g:1095|Spiced chai 200 g:995|First flush hillside 100 g:1495|Smoked pine 100 g:1195|Orange pekoe 250 g:1195"},
	{"Tea", "Green tea", "Aldermoor Tea Gardens", 340, 720, "", 1, "Sencha morning 100 g:895|Jasmine pearls 100 g:1395|Mint gunpowder 100 g:795|Toasted rice green 100 g:895|Roasted twig 100 g:995|Misty ridge 50 g:1695"},
	{"Tea", "Herbal tea", "Wiesenkorb Herbs", 300, 780, "winter", 1, "Peppermint leaf 80 g:595|Chamomile meadow 80 g:595|Rooibos vanilla 200 g:895|Ginger and turmeric 120 g:795|Lemon verbena 60 g:695|Winter berries 150 g:795|Fennel and anise 120 g:595"},
	{"Tea", "Matcha", "Kyohana Mills", 380, 560, "", 1, "Matcha everyday 80 g:1995|Matcha ceremonial 30 g:2895|Matcha latte mix 250 g:1595|Matcha travel sticks:1295|Matcha reserve 20 g:3995"},
	{"Tea", "Iced tea", "Wiesenkorb Herbs", 310, 220, "summer", 1, "Cold brew peach 100 g:795|Cold brew citrus 100 g:795|Hibiscus cooler 120 g:695|Elderflower cooler 120 g:795"},
	{"Coffee", "Whole bean", "Montevero Roasters", 470, 1250, "", 1, "House espresso 1 kg:1995|Breakfast roast 500 g:1195|Dark roast 1 kg:1895|Single farm 250 g:1095|Mountain lot 250 g:1295|Festive roast 500 g:1395|Light filter roast 250 g:1195"},
	{"Coffee", "Ground coffee", "Montevero Roasters", 490, 760, "", 1, "House espresso ground 250 g:695|Filter classic ground 500 g:1095|Moka roast ground 250 g:695|Organic blend ground 500 g:1295|Nut and cocoa ground 250 g:795"},
	{"Coffee", "Capsules", "Kapselwerk Nord", 520, 480, "", 1, "Capsules intense 40:1495|Capsules mild 40:1495|Capsules lungo 40:1495|Capsules variety 60:2195"},
	{"Coffee", "Decaf", "Brennhaus Linde", 500, 260, "", 1, "Decaf espresso 500 g:1295|Decaf filter ground 250 g:795|Half and half 500 g:1195"},
	{"Brewing", "Teapots", "Clayfold Pottery", 480, 190, "winter", 0, "Glass teapot 1.0 l:3495|Stoneware teapot 1.2 l:4495|Cast iron teapot 0.8 l:6995|Travel teapot set:3995|Porcelain teapot 0.6 l:2995"},
	{"Brewing", "Kettles", "Ferrum Vale", 560, 400, "winter", 0, "Electric kettle 1.0 l:4995|Gooseneck kettle 0.9 l:7995|Temperature kettle 1.5 l:8995|Enamel kettle 1.2 l:3995"},
	{"Brewing", "Grinders", "Ferrum Vale", 580, 150, "", 0, "Hand grinder:5995|Burr grinder compact:12995|Burr grinder pro:21995|Spice grinder:2995"},
	{"Brewing", "Coffee makers", "Gravensteel", 550, 320, "gift", 0, "Moka pot 6 cups:3495|French press 1.0 l:2995|Hand filter set:2495|Cold brew jug 1.0 l:2795|Espresso machine one:39995|Stovetop pot 3 cups:2695"},
	{"Brewing", "Accessories", "Gravensteel", 420, 520, "", 1, "Paper filters 100:495|Tea strainer fine:895|Milk frother:2495|Brewing scale:3995|Tea timer:1295|Coffee tamper:1995|Cleaning tablets 20:995"},
	{"Kitchenware", "Knives", "Gravensteel", 570, 150, "gift", 0, "Paring knife 9 cm:1995|Chef's knife 20 cm:6995|Bread knife 24 cm:4495|Santoku 17 cm:7495|Knife block empty:5995"},
	{"Kitchenware", "Pans", "Ferrum Vale", 600, 210, "", 0, "Frying pan 24 cm:3995|Frying pan 28 cm:4995|Saucepan 1.5 l:3495|Cast iron skillet 26 cm:5495|Wok 30 cm:5995|Milk pan 1.0 l:2695"},
	{"Kitchenware", "Storage", "Meadowjar", 450, 430, "", 1, "Tea tin 100 g:695|Coffee canister 500 g:1995|Glass jar 1.0 l:895|Spice jars set of 6:2195|Bread box beech:4995|Lunch box steel:2495"},
	{"Kitchenware", "Utensils", "Meadowjar", 430, 380, "", 1, "Wooden spoon beech:495|Whisk 25 cm:995|Silicone spatula:895|Measuring spoons:795|Rolling pin:1695|Pepper mill:2995|Citrus press:1495"},
	{"Tableware", "Cups", "Clayfold Pottery", 400, 560, "winter", 2, "Stoneware mug 0.3 l:1295|Espresso cup 60 ml:895|Cappuccino cup 180 ml:1195|Tea bowl 0.2 l:1495|Thermo cup 0.4 l:2495|Enamel mug 0.4 l:995"},
	{"Tableware", "Glasses", "Glashaus Emmeral", 440, 320, "summer", 2, "Double wall glass 0.25 l:1295|Latte glass 0.35 l:795|Carafe 1.0 l:2495|Tumbler 0.3 l:595|Tea glass 0.2 l:695"},
	{"Tableware", "Plates", "Clayfold Pottery", 430, 220, "", 2, "Dessert plate 20 cm:1195|Dinner plate 27 cm:1795|Cereal bowl 15 cm:1295|Serving plate 32 cm:3495|Cake stand:3995"},
	{"Gifts", "Gift sets", "Ondelquill workshop", 460, 260, "gift", 0, "Tea discovery box:2995|Coffee discovery box:3495|Tea for two set:4495|Advent tin 24 teas:2795|Barista starter set:6995|Office tasting crate:8995"},
	{"Gifts", "Biscuits", "Backstube Morgen", 480, 420, "gift", 1, "Butter biscuits 200 g:495|Almond cantuccini 250 g:595|Oat and honey bites 180 g:495|Shortbread tin 300 g:1195|Chocolate thins 150 g:595"},
	{"Gifts", "Honey and preserves", "Backstube Morgen", 490, 260, "winter", 1, "Blossom honey 250 g:695|Forest honey 250 g:795|Orange marmalade 220 g:595|Fig preserve 220 g:695|Candy sugar sticks:795"},
}

// product is a row of products and what the generator knows beyond it.
type product struct {
	id                int64
	sku               string
	line              *productLine
	name              string
	prices            [3]int64 // by year of trade, in cents
	cost              int64
	launched, retired day // retired is -1 for what is still sold
	weight            int64
	raised            day // from when raisedPrice holds, -1 for never
	raisedPrice       int64
}

// price returns the price in cents on a day.
func (p *product) price(d day) int64 {
	if p.raised >= 0 && d >= p.raised {
		return p.raisedPrice
	}
	return p.prices[min(d/yearDays, 2)]
}

// ending95 returns the nearest price that ends in .95.
func ending95(cents int64) int64 { return max((cents+5+50)/100*100-5, 95) }

// products returns the assortment, ids from 1.
func products() []*product {
	d := newDice(1)
	var all []*product
	for i := range productLines {
		line := &productLines[i]
		items := strings.Split(line.items, "|")
		var harmonic int64
		for rank := range items {
			harmonic += 100000 / int64(rank+2)
		}
		for rank, item := range items {
			name, cents, _ := strings.Cut(item, ":")
			var price int64
			fmt.Sscan(cents, &price)
			p := &product{id: int64(len(all) + 1), line: line, name: name, retired: -1, raised: -1}
			p.sku = fmt.Sprintf("%s-%s-%03d", code(line.category), code(line.subcategory), p.id)
			p.prices = [3]int64{price, ending95(times(price, 1030)), ending95(times(price, 1062))}
			p.cost = times(price, line.cost, d.between(940, 1060))
			p.weight = line.weight * 1000 * (100000 / int64(rank+2)) / harmonic
			p.launched = -d.between(90, 1900)
			switch {
			case rank == len(items)-1 && len(items) > 5:
				p.launched = d.between(120, 800)
			case rank == len(items)-2 && len(items) > 6:
				p.retired = d.between(420, 900)
			}
			if line.subcategory == matchaLine {
				p.raised, p.raisedPrice = matchaRise, ending95(times(p.prices[2], 1220))
			}
			all = append(all, p)
		}
	}
	return all
}

func code(s string) string { return strings.ToUpper(s[:3]) }
