package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
	"assay/app/query"
	"assay/app/source"
)

// Connection is a stored way to a database, without its secrets. What leads to
// the server is told to those only who may change it.
type Connection struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Kind        string            `json:"kind" enum:"postgres,mysql,sqlserver,sqlite"`
	Sample      bool              `json:"sample" doc:"Whether this is the sample company's database"`
	TimeZone    string            `json:"time_zone"`
	Host        string            `json:"host,omitempty"`
	Port        int               `json:"port,omitempty"`
	Database    string            `json:"database,omitempty"`
	User        string            `json:"user,omitempty"`
	PasswordRef string            `json:"password_ref,omitempty" doc:"Where the password is kept, where that is not here"`
	Path        string            `json:"path,omitempty"`
	TLS         *encryption       `json:"tls,omitempty"`
	Options     map[string]string `json:"options,omitempty" doc:"Further settings of the driver"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

// encryption says how a connection is encrypted and whom it trusts.
type encryption struct {
	Mode       string `json:"mode,omitempty" enum:"disable,prefer,require,verify-ca,verify-full" doc:"Without one: verified for remote hosts, encrypted where it is offered on this machine"`
	CA         string `json:"ca,omitempty" doc:"PEM"`
	Cert       string `json:"cert,omitempty" doc:"PEM"`
	Key        string `json:"key,omitempty" writeOnly:"true" doc:"PEM; it is never returned"`
	ServerName string `json:"server_name,omitempty" doc:"The name that the server's certificate is for, where it is not the host's"`
}

func (a *api) connectionOf(p *account.Person, c *source.Connection) Connection {
	out := Connection{ID: c.ID, Name: c.Name, Kind: c.Kind, Sample: c.Sample, TimeZone: c.Config.TimeZone, CreatedAt: utc(c.CreatedAt), UpdatedAt: utc(c.UpdatedAt)}
	if account.May(p, account.EditConnections, account.OnConnection(c.ID)).Allowed {
		t := c.Config.TLS
		out.Host, out.Port, out.Database, out.User, out.Path, out.Options = c.Config.Host, c.Config.Port, c.Config.Database, c.Config.User, c.Config.Path, c.Config.Options
		out.PasswordRef = c.Reference
		out.TLS = &encryption{Mode: string(t.Mode), CA: t.CA, Cert: t.Cert, ServerName: t.ServerName}
	}
	return out
}

// newConnection is a connection just saved.
type newConnection struct {
	Connection
	Notes []string `json:"notes" nullable:"false" doc:"What was assumed about the url or left out of it"`
}

// Configuration is how to reach a database: a url, or the other members, or a
// url and what differs from it.
type Configuration struct {
	URL         *string           `json:"url,omitempty" maxLength:"16384" doc:"A connection in any usual spelling: a URL, a JDBC or ADO.NET string, a command line"`
	Kind        *string           `json:"kind,omitempty" enum:"postgres,mysql,sqlserver,sqlite"`
	Host        *string           `json:"host,omitempty" maxLength:"1000"`
	Port        *int              `json:"port,omitempty" minimum:"0" maximum:"65535"`
	Database    *string           `json:"database,omitempty" maxLength:"1000"`
	User        *string           `json:"user,omitempty" maxLength:"1000"`
	Password    *string           `json:"password,omitempty" maxLength:"10000" format:"password" writeOnly:"true" doc:"It is never returned. A change without one keeps the stored password while host and user stay"`
	PasswordRef *string           `json:"password_ref,omitempty" maxLength:"1000" doc:"Where the password is kept instead: env:NAME, file:NAME or vault:PATH#FIELD, as far as the operator set these aside"`
	Path        *string           `json:"path,omitempty" maxLength:"4096" doc:"The file of a sqlite database"`
	TLS         *encryption       `json:"tls,omitempty"`
	TimeZone    *string           `json:"time_zone,omitempty" maxLength:"100" doc:"The IANA zone in which times are read and shown; the server's own where it is empty"`
	Options     map[string]string `json:"options,omitempty" doc:"Further settings of the driver"`
}

// apply changes a configuration to what is given, and returns what there is to say about a url.
func (g Configuration) apply(c *source.Config) (notes []string, err error) {
	if g.URL != nil {
		if *c, notes, err = source.ParseURL(*g.URL); err != nil {
			return nil, err
		}
	}
	set(&c.Kind, g.Kind)
	set(&c.Host, g.Host)
	set(&c.Port, g.Port)
	set(&c.Database, g.Database)
	set(&c.User, g.User)
	set(&c.Password, g.Password)
	set(&c.PasswordRef, g.PasswordRef)
	set(&c.Path, g.Path)
	set(&c.TimeZone, g.TimeZone)
	if g.TLS != nil {
		c.TLS = source.TLS{Mode: source.TLSMode(g.TLS.Mode), CA: g.TLS.CA, Cert: g.TLS.Cert, Key: g.TLS.Key, ServerName: g.TLS.ServerName}
	}
	if g.Options != nil {
		c.Options = g.Options
	}
	return notes, nil
}

type connectionInput struct {
	Name string `json:"name" minLength:"1" maxLength:"100"`
	Configuration
}

type connectionCreate struct {
	Body connectionInput
}

type connectionReplace struct {
	ByID
	Body connectionInput
}

type connectionPatch struct {
	ByID
	Body struct {
		Name *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Configuration
	} `nameHint:"ConnectionPatch"`
}

type schemaInput struct {
	ByID
	Refresh bool `query:"refresh" doc:"Read the database's catalog anew instead of answering what was last read"`
}

func (a *api) connections() {
	const tag = "connections"
	add(a, operation{id: "listConnections", method: http.MethodGet, path: "/connections", tag: tag, action: account.SeeConnections, summary: "List connections by name"}, a.listConnections)
	add(a, operation{id: "createConnection", method: http.MethodPost, path: "/connections", tag: tag, action: account.EditConnections, status: http.StatusCreated, summary: "Save a connection"}, a.createConnection)
	add(a, operation{id: "getConnection", method: http.MethodGet, path: "/connections/{id}", tag: tag, action: account.SeeConnections, on: account.OnConnection, summary: "Get a connection"}, a.getConnection)
	add(a, operation{id: "replaceConnection", method: http.MethodPut, path: "/connections/{id}", tag: tag, action: account.EditConnections, on: account.OnConnection, summary: "Replace a connection"}, a.replaceConnection)
	add(a, operation{id: "updateConnection", method: http.MethodPatch, path: "/connections/{id}", tag: tag, action: account.EditConnections, on: account.OnConnection, summary: "Change a connection"}, a.updateConnection)
	add(a, operation{id: "deleteConnection", method: http.MethodDelete, path: "/connections/{id}", tag: tag, action: account.EditConnections, on: account.OnConnection, summary: "Remove a connection that no question uses"}, a.deleteConnection)
	add(a, operation{id: "testConnection", method: http.MethodPost, path: "/connections/{id}/test", tag: tag, action: account.SeeConnections, on: account.OnConnection,
		summary: "Connect and tell what was found", detail: "What goes wrong is the member problem, not an error."}, a.testConnection)
	add(a, operation{id: "markConnectionChanged", method: http.MethodPost, path: "/connections/{id}/changed", tag: tag, action: account.AskSQL, on: account.OnConnection, status: http.StatusNoContent,
		summary: "Say that the data changed", detail: "For a program that loads data: no answer that was kept from before is given again."}, a.changed)
	add(a, operation{id: "getConnectionSchema", method: http.MethodGet, path: "/connections/{id}/schema", tag: tag, action: account.SeeConnections, on: account.OnConnection,
		summary: "List tables and columns", detail: "As last read from the database's own catalog; read now where that never happened."}, a.schema)
}

func (a *api) listConnections(ctx context.Context, in *Paging) (*body[page[Connection]], error) {
	list, err := a.Connections.List(ctx)
	if err != nil {
		return nil, err
	}
	p := from(ctx).person
	list = query.Reachable(p, account.SeeConnections, list)
	return cut(each(list, func(c *source.Connection) Connection { return a.connectionOf(p, c) }), *in, func(c Connection) string { return c.ID })
}

func (a *api) createConnection(ctx context.Context, in *connectionCreate) (*created[newConnection], error) {
	p := from(ctx).person
	c := &source.Connection{Name: in.Body.Name, CreatedBy: p.ID}
	notes, err := in.Body.apply(&c.Config)
	if err != nil {
		return nil, err
	}
	if err := a.Rules.MayConnect(ctx, p, c); err != nil {
		return nil, err
	}
	if err := a.Connections.Create(ctx, c); err != nil {
		return nil, err
	}
	return &created[newConnection]{Location: prefix + "/connections/" + c.ID, Body: newConnection{a.connectionOf(p, c), append([]string{}, notes...)}}, nil
}

func (a *api) getConnection(ctx context.Context, in *ByID) (*body[Connection], error) {
	c, err := a.Connections.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[Connection]{a.connectionOf(from(ctx).person, c)}, nil
}

func (a *api) replaceConnection(ctx context.Context, in *connectionReplace) (*body[newConnection], error) {
	if _, err := a.Connections.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.saveConnection(ctx, &source.Connection{ID: in.ID, Name: in.Body.Name}, in.Body.Configuration)
}

func (a *api) updateConnection(ctx context.Context, in *connectionPatch) (*body[newConnection], error) {
	old, err := a.Connections.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c := &source.Connection{ID: old.ID, Name: old.Name, Config: old.Config}
	set(&c.Name, in.Body.Name)
	return a.saveConnection(ctx, c, in.Body.Configuration)
}

func (a *api) saveConnection(ctx context.Context, c *source.Connection, given Configuration) (*body[newConnection], error) {
	notes, err := given.apply(&c.Config)
	if err != nil {
		return nil, err
	}
	if err := a.Rules.MayConnect(ctx, from(ctx).person, c); err != nil {
		return nil, err
	}
	if err := a.Connections.Update(ctx, c); err != nil {
		return nil, err
	}
	return &body[newConnection]{newConnection{a.connectionOf(from(ctx).person, c), append([]string{}, notes...)}}, nil
}

func (a *api) deleteConnection(ctx context.Context, in *ByID) (*nothing, error) {
	if err := a.Connections.Delete(ctx, in.ID); err != nil {
		return nil, err
	}
	a.Pools.Forget(in.ID)
	return nil, nil
}

// testTimeout bounds the test of a connection.
const testTimeout = 15 * time.Second

func (a *api) testConnection(ctx context.Context, in *ByID) (*body[source.Probe], error) {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	p, err := a.Pools.TestStored(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[source.Probe]{p}, nil
}

func (a *api) changed(ctx context.Context, in *ByID) (*nothing, error) {
	if _, err := a.Connections.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, a.Runner.Changed(ctx, in.ID)
}

func (a *api) schema(ctx context.Context, in *schemaInput) (*body[source.Catalog], error) {
	if in.Refresh {
		if _, err := a.Pools.Refresh(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	catalog, err := a.Rules.Catalog(ctx, from(ctx).person, in.ID)
	if err != nil {
		return nil, err
	}
	out := *catalog
	out.ReadAt = utc(out.ReadAt)
	out.Tables = append([]source.Table{}, out.Tables...)
	for i := range out.Tables {
		if out.Tables[i].Columns == nil {
			out.Tables[i].Columns = []source.Column{}
		}
	}
	return &body[source.Catalog]{out}, nil
}
