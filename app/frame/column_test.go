package frame

import "testing"

func TestColumnScale(t *testing.T) {
	for typ, want := range map[string]int{
		"numeric(10,2)": 2, "decimal(10, 4)": 4, "decimal(10,2) unsigned": 2, "number(10,0)": 0, "bigint": 0, "bigint unsigned": 0,
		"int(11)": 0, "int(10) unsigned": 0, "double(7,3)": 3, "integer": 0,
		"numeric": -1, "numeric(10)": -1, "double precision": -1, "real": -1, "": -1, "numeric(10,": -1, "numeric(10,-2)": -1, "numeric(4,99)": -1, "text": -1,
	} {
		got, ok := (&Column{Kind: Number, Type: typ}).scale()
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %d, want %d", typ, got, want)
		}
	}
	if _, ok := (&Column{Kind: Text, Type: "numeric(10,2)"}).scale(); ok {
		t.Error("a text has a scale")
	}
	if _, ok := (&Column{Kind: Number, Type: "numeric(10,2)", Digits: 5}).scale(); ok {
		t.Error("a rounded number has a scale")
	}
}

func TestColumnRole(t *testing.T) {
	for name, want := range map[string]role{
		"id": label, "ID": label, "customer_id": label, "customerId": label, "CustomerID": label, "order id": label, "product.code": label,
		"zip": label, "ZipCode": label, "plz": label, "phone": label, "order_number": label, "invoice_no": label, "max(id)": label, "MIN(order_id)": label,
		"year": year, "Year": year, "fiscal_year": year, "order year": year, "yr": year,
		"": amount, "total": amount, "amount": amount, "number": amount, "number_of_orders": amount, "count_customer_id": amount,
		"count(id)": amount, "COUNT(DISTINCT customer_id)": amount, "sum(year)": amount, "orders_per_year": amount, "sales_last_year": amount,
		"distinct_id": amount, "paid": amount, "valid": amount, "years": amount, "width": amount, "1": amount, "???": amount,
	} {
		if got := (&Column{Name: name}).role(); got != want {
			t.Errorf("%q: got %d, want %d", name, got, want)
		}
	}
	if (Column{Name: "total", Kind: Text}).Amount() || !(Column{Name: "total", Kind: Number}).Amount() || (Column{Name: "id", Kind: Number}).Amount() {
		t.Error("amounts are numbers that are no keys")
	}
}
