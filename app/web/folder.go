package web

import (
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/query"
)

// folders returns the names of folders, for a list to pick from.
func folders(c echo.Context, s *query.Store) []string {
	list, err := s.Folders(c.Request().Context())
	if err != nil {
		return nil
	}
	var names []string
	for _, f := range query.Shown(person(c), list) {
		names = append(names, f.Name)
	}
	return names
}

// folderNamed returns the folder that a form names for what is to be called
// name; it is made where it is new, but for nothing without a name.
func folderNamed(c echo.Context, questions *query.Store, people *account.Store, name string) (id string, err error) {
	folder := strings.TrimSpace(c.FormValue("folder"))
	if folder == "" || strings.TrimSpace(name) == "" {
		return "", nil
	}
	if id, err = questions.EnsureFolder(c.Request().Context(), folder); err != nil {
		return "", err
	}
	// A new folder is granted to everyone, which counts from now on.
	p, err := people.Active(c.Request().Context(), person(c).ID)
	if err != nil {
		return "", err
	}
	c.Set(personKey, p)
	return id, nil
}
