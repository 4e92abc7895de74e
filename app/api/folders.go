package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
)

// folder holds saved questions.
type folder struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

type folderInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100"`
	} `nameHint:"FolderInput"`
}

func (a *api) folders() {
	add(a, operation{id: "listFolders", method: http.MethodGet, path: "/folders", tag: "questions", action: account.Look, summary: "List folders by name"}, a.listFolders)
	add(a, operation{id: "createFolder", method: http.MethodPost, path: "/folders", tag: "questions", action: account.Save, status: http.StatusCreated,
		summary: "Make a folder", detail: "One that is there already is answered as it is."}, a.createFolder)
}

func folderOf(f *query.Folder) folder { return folder{f.ID, f.Name, utc(f.CreatedAt)} }

func (a *api) listFolders(ctx context.Context, in *Paging) (*body[page[folder]], error) {
	list, err := a.Questions.Folders(ctx)
	if err != nil {
		return nil, err
	}
	list = query.Shown(from(ctx).person, list)
	return cut(each(list, folderOf), *in, func(f folder) string { return f.ID })
}

func (a *api) createFolder(ctx context.Context, in *folderInput) (*body[folder], error) {
	id, err := a.Questions.EnsureFolder(ctx, in.Body.Name)
	if err != nil {
		return nil, err
	}
	p, err := a.People.Active(ctx, from(ctx).person.ID) // a new folder is granted to everyone
	if err != nil {
		return nil, err
	}
	if err := account.Check(p, account.Look, account.InFolder(id)); err != nil {
		return nil, fault.New(fault.Conflict, "This name is taken; choose another one")
	}
	list, err := a.Questions.Folders(ctx)
	if err != nil {
		return nil, err
	}
	out := folder{ID: id}
	for i := range list {
		if list[i].ID == id {
			out = folderOf(&list[i])
		}
	}
	return &body[folder]{out}, nil
}
