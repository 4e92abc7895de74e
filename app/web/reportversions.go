package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/report"
	"assay/views"
)

// versions lists how a report was saved and compares two of its versions, the
// last two unless the address names others.
func (x *reports) versions(c echo.Context) error {
	ctx := c.Request().Context()
	r, err := x.get(c, account.Look, c.Param("id"))
	if err != nil {
		return err
	}
	list, err := x.reports.Versions(ctx, r.ID)
	if err != nil {
		return err
	}
	page := views.ReportVersions{Chrome: chrome(c, "Versions of "+r.Name, "reports"), ID: r.ID, Name: r.Name, CanSave: r.Check(person(c), account.Save) == nil}
	from, to := r.Version-1, r.Version
	if n, err := strconv.Atoi(c.QueryParam("from")); err == nil {
		from = n
	}
	if n, err := strconv.Atoi(c.QueryParam("to")); err == nil {
		to = n
	}
	for _, v := range list {
		n := strconv.Itoa(v.Version)
		label := "Version " + n + ", " + moment(v.SavedAt)
		page.From = append(page.From, views.Choice{Value: n, Label: label, Selected: v.Version == from})
		page.To = append(page.To, views.Choice{Value: n, Label: label, Selected: v.Version == to})
		page.Items = append(page.Items, views.VersionItem{Version: n, When: moment(v.SavedAt) + " UTC", By: x.who(ctx, v.SavedBy), Name: v.Name, Current: v.Version == r.Version})
	}
	if len(list) > 1 {
		at := func(n int) int { return slices.IndexFunc(list, func(v report.Version) bool { return v.Version == n }) }
		i, j := at(from), at(to)
		if i < 0 || j < 0 {
			return fault.New(fault.NotFound, "There is no such version of this report")
		}
		a, b := list[i], list[j]
		page.Told = "From version " + strconv.Itoa(from) + " to version " + strconv.Itoa(to)
		page.Changes = changeView(report.Diff(a.Body, b.Body))
		if a.Name != b.Name {
			page.Renamed = "The name was changed from “" + a.Name + "” to “" + b.Name + "”."
		}
	}
	return respond(c, http.StatusOK, views.ReportVersionsPage(page))
}

func (x *reports) restore(c echo.Context) error {
	n, err := strconv.Atoi(c.FormValue("version"))
	if err != nil {
		return fault.Field("version", "Choose a version")
	}
	r, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	if _, err := x.reports.Restore(c.Request().Context(), r.ID, n, person(c)); err != nil {
		return err
	}
	return done(c, "/reports/"+r.ID, "Version "+strconv.Itoa(n)+" is the newest again.")
}
