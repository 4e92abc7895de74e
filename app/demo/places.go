package demo

// place is a country with its share of the customers, its cities and its web shop.
type place struct {
	country string
	share   int64
	web     int64 // id of the web shop that serves it
	cities  []city
}

type city struct {
	name  string
	share int64
}

var places = []place{
	{"Germany", 335, 1, []city{{"Berlin", 26}, {"Hamburg", 20}, {"Munich", 20}, {"Cologne", 13}, {"Leipzig", 11}, {"Bremen", 10}}},
	{"France", 165, 2, []city{{"Paris", 40}, {"Lyon", 24}, {"Nantes", 18}, {"Lille", 18}}},
	{"Netherlands", 130, 3, []city{{"Amsterdam", 42}, {"Utrecht", 24}, {"Groningen", 16}, {"Eindhoven", 18}}},
	{"Austria", 105, 1, []city{{"Vienna", 52}, {"Graz", 26}, {"Linz", 22}}},
	{"Italy", 90, 4, []city{{"Milan", 48}, {"Bologna", 27}, {"Turin", 25}}},
	{"Belgium", 70, 2, []city{{"Antwerp", 52}, {"Ghent", 26}, {"Liège", 22}}},
	{"Spain", 60, 4, []city{{"Barcelona", 55}, {"Valencia", 24}, {"Bilbao", 21}}},
	{"Ireland", 45, 2, []city{{"Dublin", 68}, {"Cork", 32}}},
}

// shop is a row of shops and how busy it is.
type shop struct {
	id             int64
	name, channel  string
	country, city  string
	opened, closed string // closed is empty for what is still open
	metres         int64  // 0 for web shops
	busy           int64  // orders on an ordinary day of the first year, in thousandths; 0 for web shops
}

var shops = []shop{
	{1, "Web shop Central", "online", "Germany", "Berlin", "2019-03-01", "", 0, 0},
	{2, "Web shop West", "online", "France", "Paris", "2020-05-11", "", 0, 0},
	{3, "Web shop North", "online", "Netherlands", "Amsterdam", "2020-05-11", "", 0, 0},
	{4, "Web shop South", "online", "Italy", "Milan", "2021-09-06", "", 0, 0},
	{5, "Berlin Lindenhof", "store", "Germany", "Berlin", "2016-04-02", "", 210, 5900},
	{6, "Hamburg Kornspeicher", "store", "Germany", "Hamburg", "2017-10-13", "", 180, 5100},
	{7, "Munich Gartentor", "store", "Germany", "Munich", "2018-03-16", "", 190, 5500},
	{8, "Vienna Rosengang", "store", "Austria", "Vienna", "2018-09-07", "", 150, 4600},
	{9, "Graz Brunnenplatz", "store", "Austria", "Graz", "2019-05-24", "2025-01-31", 80, 1900},
	{10, "Amsterdam Koopmanskade", "store", "Netherlands", "Amsterdam", "2019-02-15", "", 140, 5100},
	{11, "Paris Passage Verte", "store", "France", "Paris", "2019-11-08", "", 160, 5400},
	{12, lyonShop, "store", "France", "Lyon", lyonOpening, "", 130, 3500},
	{13, "Antwerp Zilverhoek", "store", "Belgium", "Antwerp", "2021-06-18", "", 110, 3600},
	{14, "Milan Corte Chiara", "store", "Italy", "Milan", "2021-10-01", "", 120, 4000},
	{15, "Barcelona Pati Blau", "store", "Spain", "Barcelona", "2022-04-29", "", 110, 3500},
	{16, "Dublin Mill Lane", "store", "Ireland", "Dublin", "2022-11-04", "", 90, 2800},
}

// webBusy is how many web orders an ordinary day of the first year brings, in thousandths, over all countries.
const webBusy = 21500

// growth returns how much busier a channel is on a day than at the start: web
// shops gain ever faster, stores slowly lose.
func growth(channel string, d day) mille {
	share := 1000 * d / (3 * yearDays)
	if channel == "store" {
		return 1000 - times(80, share)
	}
	return 1000 + times(250, share) + times(1600, share, share)
}

// campaign is a row of campaigns and what it does.
type campaign struct {
	id                  int64
	name, channel       string
	from, to            string
	cost                int64 // in cents
	code                string
	discount            int64 // per cent
	category            string
	effect              mille // on that category, or on everything where category is empty
	onlineOnly, planted bool
}

var campaigns = []campaign{
	{id: 1, name: "Black Friday 2023", channel: "all channels", from: "2023-11-24", to: "2023-11-27", cost: 850000, code: "FRIDAY20", discount: 20, effect: 1000, planted: true},
	{id: 2, name: "Advent calendar 2023", channel: "e-mail", from: "2023-12-01", to: "2023-12-20", cost: 420000, code: "ADVENT10", discount: 10, effect: 1000},
	{id: 3, name: "Clear January 2024", channel: "search", from: "2024-01-08", to: "2024-01-28", cost: 360000, category: "Tea", effect: 1080},
	{id: 4, name: "Coffee month 2024", channel: "social", from: "2024-03-04", to: "2024-03-31", cost: 510000, category: "Coffee", effect: 1100},
	{id: 5, name: "Cold brew summer 2024", channel: "social", from: "2024-06-17", to: "2024-07-14", cost: 440000, effect: 1000},
	{id: 6, name: "Black Friday 2024", channel: "all channels", from: "2024-11-29", to: "2024-12-02", cost: 980000, code: "FRIDAY20", discount: 20, effect: 1000, planted: true},
	{id: 7, name: "Advent calendar 2024", channel: "e-mail", from: "2024-12-02", to: "2024-12-20", cost: 460000, code: "ADVENT10", discount: 10, effect: 1000},
	{id: 8, name: tastingName, channel: "e-mail", from: tastingFrom, to: tastingTo, cost: 1240000, code: "TASTING15", discount: 15, category: "Tea", effect: tastingEffect, onlineOnly: true, planted: true},
	{id: 9, name: "Cold brew summer 2025", channel: "social", from: "2025-06-16", to: "2025-07-13", cost: 470000, effect: 1000},
	{id: 10, name: "Back to the office 2025", channel: "search", from: "2025-09-01", to: "2025-09-21", cost: 390000, category: "Coffee", effect: 1060},
	{id: 11, name: "Black Friday 2025", channel: "all channels", from: "2025-11-28", to: "2025-12-01", cost: 1120000, code: "FRIDAY20", discount: 20, effect: 1000, planted: true},
	{id: 12, name: "Advent calendar 2025", channel: "e-mail", from: "2025-12-01", to: "2025-12-20", cost: 490000, code: "ADVENT10", discount: 10, effect: 1000},
	{id: 13, name: "Coffee month 2026", channel: "social", from: "2026-03-02", to: "2026-03-29", cost: 560000, category: "Coffee", effect: 1090},
	{id: 14, name: "Cold brew summer 2026", channel: "social", from: "2026-06-15", to: "2026-07-12", cost: 480000, effect: 1000},
}
