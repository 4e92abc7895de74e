// Command client goes once through everything that the API has, with the client
// that was generated from its document, after validating the document itself.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

var (
	ctx    = context.Background()
	client *ClientWithResponses
)

// answer is what every generated response has.
type answer interface {
	StatusCode() int
	GetBody() []byte
}

// do ends the program unless the call had the status.
func do[R answer](status int) func(r R, err error) R {
	return func(r R, err error) R {
		if err != nil {
			fail("%T: %v", r, err)
		}
		if r.StatusCode() != status {
			fail("%T: %d, want %d: %s", r, r.StatusCode(), status, r.GetBody())
		}
		return r
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func check(ok bool, what string) {
	if !ok {
		fail("%s", what)
	}
}

func to[T any](v T) *T { return &v }

func main() {
	document, server, token, file := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	validate(document)
	var err error
	client, err = NewClientWithResponses(server, WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}))
	if err != nil {
		fail("%v", err)
	}
	connection := connections(file)
	questions(connection)
	reading(connection)
	onTime(connection)
	person := people()
	rights(connection, person)
	tokens()
	record()
	removals(connection, person)
	fmt.Println("all calls were answered")
}

func validate(document string) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile(document)
	if err != nil {
		fail("the document does not load: %v", err)
	}
	if err := doc.Validate(ctx); err != nil {
		fail("the document is not valid: %v", err)
	}
}

func connections(file string) string {
	made := do[*CreateConnectionResponse](201)(client.CreateConnectionWithResponse(ctx, CreateConnectionJSONRequestBody{
		Name: "generated", Kind: to(ConnectionInputKind("sqlite")), Path: &file}))
	id := made.JSON201.Id
	got := do[*GetConnectionResponse](200)(client.GetConnectionWithResponse(ctx, id))
	check(got.JSON200.Name == "generated" && *got.JSON200.Path == file, "the connection is another one")
	do[*UpdateConnectionResponse](200)(client.UpdateConnectionWithResponse(ctx, id, UpdateConnectionJSONRequestBody{Name: to("renamed")}))
	do[*ReplaceConnectionResponse](200)(client.ReplaceConnectionWithResponse(ctx, id, ReplaceConnectionJSONRequestBody{Name: "replaced", Kind: to(ConnectionInputKind("sqlite")), Path: &file}))
	list := do[*ListConnectionsResponse](200)(client.ListConnectionsWithResponse(ctx, &ListConnectionsParams{Limit: to(int64(500))}))
	check(slices.ContainsFunc(list.JSON200.Items, func(c Connection) bool { return c.Id == id && c.Name == "replaced" }), "the connection is not listed")
	tested := do[*TestConnectionResponse](200)(client.TestConnectionWithResponse(ctx, id))
	check(tested.JSON200.Ok, "the test of the connection failed")
	do[*MarkConnectionChangedResponse](204)(client.MarkConnectionChangedWithResponse(ctx, id))
	schema := do[*GetConnectionSchemaResponse](200)(client.GetConnectionSchemaWithResponse(ctx, id, &GetConnectionSchemaParams{Refresh: to(true)}))
	check(schema.JSON200.Tables != nil && len(*schema.JSON200.Tables) == 2, "the schema has other tables")
	return id
}

func questions(connection string) {
	folder := do[*CreateFolderResponse](201)(client.CreateFolderWithResponse(ctx, CreateFolderJSONRequestBody{Name: "generated"}))
	folders := do[*ListFoldersResponse](200)(client.ListFoldersWithResponse(ctx, nil))
	check(len(folders.JSON200.Items) > 0, "no folder is listed")
	spec := &Spec{Table: to("regions"), Measures: &[]Measure{{Fn: "count"}}}
	ran := do[*RunQueryResponse](200)(client.RunQueryWithResponse(ctx, RunQueryJSONRequestBody{Connection: connection, Spec: spec}))
	check(ran.JSON200.RowCount == 1, "the query has another count of rows")
	id := ran.JSON200.Id
	state := do[*GetQueryResponse](200)(client.GetQueryWithResponse(ctx, id))
	check(state.JSON200.State == "done", "the query is not done")
	do[*CancelQueryResponse](204)(client.CancelQueryWithResponse(ctx, id))
	do[*ListQueriesResponse](200)(client.ListQueriesWithResponse(ctx, nil))

	made := do[*CreateQuestionResponse](201)(client.CreateQuestionWithResponse(ctx, CreateQuestionJSONRequestBody{Name: "generated", Connection: connection, Folder: &folder.JSON201.Id, Sql: to("SELECT id, name FROM regions")}))
	q := made.JSON201.Id
	do[*GetQuestionResponse](200)(client.GetQuestionWithResponse(ctx, q))
	do[*UpdateQuestionResponse](200)(client.UpdateQuestionWithResponse(ctx, q, UpdateQuestionJSONRequestBody{Description: to("changed")}))
	replaced := do[*ReplaceQuestionResponse](200)(client.ReplaceQuestionWithResponse(ctx, q, ReplaceQuestionJSONRequestBody{Name: "replaced", Connection: connection, Sql: to("SELECT name, id FROM regions")}))
	check(replaced.JSON200.Version == 3, "the question has another version")
	versions := do[*ListQuestionVersionsResponse](200)(client.ListQuestionVersionsWithResponse(ctx, q, nil))
	check(len(versions.JSON200.Items) == 3, "the question has other versions")
	do[*GetQuestionVersionResponse](200)(client.GetQuestionVersionWithResponse(ctx, q, 2))
	do[*RestoreQuestionVersionResponse](200)(client.RestoreQuestionVersionWithResponse(ctx, q, 1))
	do[*RunQuestionResponse](200)(client.RunQuestionWithResponse(ctx, q, RunQuestionJSONRequestBody{}))
	data := do[*GetQuestionDataResponse](200)(client.GetQuestionDataWithResponse(ctx, q))
	check(data.JSON200.RowCount == 2, "the question has other rows")
	do[*GetQuestionChartResponse](200)(client.GetQuestionChartWithResponse(ctx, q))
	found := do[*ListQuestionsResponse](200)(client.ListQuestionsWithResponse(ctx, &ListQuestionsParams{Q: to("generated")}))
	check(len(found.JSON200.Items) == 1, "the question is not found")
	do[*DeleteQuestionResponse](204)(client.DeleteQuestionWithResponse(ctx, q))
}

// reading goes through what is read: dashboards, reports and links to them.
func reading(connection string) {
	made := do[*CreateQuestionResponse](201)(client.CreateQuestionWithResponse(ctx, CreateQuestionJSONRequestBody{Name: "read", Connection: connection, Sql: to("SELECT id, name FROM regions")}))
	q := made.JSON201.Id
	dashboard := do[*CreateDashboardResponse](201)(client.CreateDashboardWithResponse(ctx, CreateDashboardJSONRequestBody{Name: "generated", Cards: []DashboardCard{{Question: &q}}}))
	d := dashboard.JSON201.Id
	got := do[*GetDashboardResponse](200)(client.GetDashboardWithResponse(ctx, d))
	check(len(got.JSON200.Cards) == 1 && *got.JSON200.Cards[0].Question == q, "the dashboard has other cards")
	do[*UpdateDashboardResponse](200)(client.UpdateDashboardWithResponse(ctx, d, UpdateDashboardJSONRequestBody{Description: to("changed")}))
	do[*ReplaceDashboardResponse](200)(client.ReplaceDashboardWithResponse(ctx, d, ReplaceDashboardJSONRequestBody{Name: "replaced", Cards: []DashboardCard{{Question: &q}}}))
	found := do[*ListDashboardsResponse](200)(client.ListDashboardsWithResponse(ctx, &ListDashboardsParams{Q: to("replaced")}))
	check(len(found.JSON200.Items) == 1, "the dashboard is not found")
	versions := do[*ListDashboardVersionsResponse](200)(client.ListDashboardVersionsWithResponse(ctx, d, nil))
	check(len(versions.JSON200.Items) == 3, "the dashboard has other versions")
	do[*GetDashboardVersionResponse](200)(client.GetDashboardVersionWithResponse(ctx, d, 2))
	do[*RestoreDashboardVersionResponse](200)(client.RestoreDashboardVersionWithResponse(ctx, d, 1))
	ran := do[*RunDashboardResponse](200)(client.RunDashboardWithResponse(ctx, d, RunDashboardJSONRequestBody{MaxAge: to(int64(60))}))
	check(len(ran.JSON200.Cards) == 1 && *ran.JSON200.Cards[0].RowCount == 2, "the card has other rows")
	do[*GetDashboardDocumentResponse](200)(client.GetDashboardDocumentWithResponse(ctx, d))

	report := do[*CreateReportResponse](201)(client.CreateReportWithResponse(ctx, CreateReportJSONRequestBody{Name: "generated", Body: "# Hello"}))
	r := report.JSON201.Id
	check(do[*GetReportResponse](200)(client.GetReportWithResponse(ctx, r)).JSON200.Body == "# Hello", "the report says something else")
	do[*UpdateReportResponse](200)(client.UpdateReportWithResponse(ctx, r, UpdateReportJSONRequestBody{Contents: to(true)}))
	do[*ReplaceReportResponse](200)(client.ReplaceReportWithResponse(ctx, r, ReplaceReportJSONRequestBody{Name: "replaced", Body: "# Again"}))
	do[*ListReportsResponse](200)(client.ListReportsWithResponse(ctx, nil))
	do[*ListReportVersionsResponse](200)(client.ListReportVersionsWithResponse(ctx, r, nil))
	do[*GetReportVersionResponse](200)(client.GetReportVersionWithResponse(ctx, r, 2))
	do[*RestoreReportVersionResponse](200)(client.RestoreReportVersionWithResponse(ctx, r, 1))
	read := do[*RunReportResponse](200)(client.RunReportWithResponse(ctx, r, RunReportJSONRequestBody{}))
	check(len(read.JSON200.Blocks) == 1 && read.JSON200.Blocks[0].Type == "heading", "the report has other blocks")
	do[*GetReportDocumentResponse](200)(client.GetReportDocumentWithResponse(ctx, r))

	share := do[*CreateShareResponse](201)(client.CreateShareWithResponse(ctx, CreateShareJSONRequestBody{Report: &r}))
	s := share.JSON201.Id
	check(strings.Contains(share.JSON201.Url, "/r/"), "the link is another one")
	do[*GetShareResponse](200)(client.GetShareWithResponse(ctx, s))
	do[*ListSharesResponse](200)(client.ListSharesWithResponse(ctx, nil))
	do[*ListShareVisitsResponse](200)(client.ListShareVisitsWithResponse(ctx, s, nil))
	do[*RevokeShareResponse](204)(client.RevokeShareWithResponse(ctx, s))

	do[*DeleteDashboardResponse](204)(client.DeleteDashboardWithResponse(ctx, d))
	do[*DeleteReportResponse](204)(client.DeleteReportWithResponse(ctx, r))
	do[*DeleteQuestionResponse](204)(client.DeleteQuestionWithResponse(ctx, q))
}

// onTime goes through schedules and alerts.
func onTime(connection string) {
	made := do[*CreateQuestionResponse](201)(client.CreateQuestionWithResponse(ctx, CreateQuestionJSONRequestBody{Name: "watched", Connection: connection, Sql: to("SELECT count(*) AS n FROM regions")}))
	q := made.JSON201.Id
	when := ScheduleWhen{Every: "day", At: to("07:30")}
	schedule := do[*CreateScheduleResponse](201)(client.CreateScheduleWithResponse(ctx, CreateScheduleJSONRequestBody{Name: "generated", When: when, Do: "refresh", Question: &q}))
	s := schedule.JSON201.Id
	do[*GetScheduleResponse](200)(client.GetScheduleWithResponse(ctx, s))
	do[*UpdateScheduleResponse](200)(client.UpdateScheduleWithResponse(ctx, s, UpdateScheduleJSONRequestBody{Description: to("changed")}))
	do[*ReplaceScheduleResponse](200)(client.ReplaceScheduleWithResponse(ctx, s, ReplaceScheduleJSONRequestBody{Name: "replaced", When: when, Do: "refresh", Question: &q}))
	do[*ListSchedulesResponse](200)(client.ListSchedulesWithResponse(ctx, nil))
	do[*ListScheduleVersionsResponse](200)(client.ListScheduleVersionsWithResponse(ctx, s, nil))
	do[*GetScheduleVersionResponse](200)(client.GetScheduleVersionWithResponse(ctx, s, 2))
	do[*RestoreScheduleVersionResponse](200)(client.RestoreScheduleVersionWithResponse(ctx, s, 1))
	do[*RunScheduleResponse](202)(client.RunScheduleWithResponse(ctx, s))
	do[*ListScheduleRunsResponse](200)(client.ListScheduleRunsWithResponse(ctx, s, nil))
	do[*PauseScheduleResponse](204)(client.PauseScheduleWithResponse(ctx, s))
	check(do[*GetScheduleStateResponse](200)(client.GetScheduleStateWithResponse(ctx, s)).JSON200.Paused, "the schedule is not paused")
	do[*ResumeScheduleResponse](204)(client.ResumeScheduleWithResponse(ctx, s))
	do[*DeleteScheduleResponse](204)(client.DeleteScheduleWithResponse(ctx, s))

	whom := []ScheduleTarget{{Kind: "mail", Address: to("somebody@example.com")}}
	alert := do[*CreateAlertResponse](201)(client.CreateAlertWithResponse(ctx, CreateAlertJSONRequestBody{Name: "generated", When: when, Question: q, Condition: "above", Value: to(1.0), To: whom}))
	a := alert.JSON201.Id
	do[*GetAlertResponse](200)(client.GetAlertWithResponse(ctx, a))
	do[*UpdateAlertResponse](200)(client.UpdateAlertWithResponse(ctx, a, UpdateAlertJSONRequestBody{Description: to("changed")}))
	do[*ReplaceAlertResponse](200)(client.ReplaceAlertWithResponse(ctx, a, ReplaceAlertJSONRequestBody{Name: "replaced", When: when, Question: q, Condition: "above", Value: to(2.0), To: whom}))
	do[*ListAlertsResponse](200)(client.ListAlertsWithResponse(ctx, nil))
	do[*ListAlertVersionsResponse](200)(client.ListAlertVersionsWithResponse(ctx, a, nil))
	do[*GetAlertVersionResponse](200)(client.GetAlertVersionWithResponse(ctx, a, 2))
	do[*RestoreAlertVersionResponse](200)(client.RestoreAlertVersionWithResponse(ctx, a, 1))
	do[*RunAlertResponse](202)(client.RunAlertWithResponse(ctx, a))
	do[*ListAlertRunsResponse](200)(client.ListAlertRunsWithResponse(ctx, a, nil))
	do[*GetAlertStateResponse](200)(client.GetAlertStateWithResponse(ctx, a))
	do[*PauseAlertResponse](204)(client.PauseAlertWithResponse(ctx, a))
	do[*ResumeAlertResponse](204)(client.ResumeAlertWithResponse(ctx, a))
	do[*SilenceAlertResponse](204)(client.SilenceAlertWithResponse(ctx, a, SilenceAlertJSONRequestBody{}))
	do[*DeleteAlertResponse](204)(client.DeleteAlertWithResponse(ctx, a))
	do[*DeleteQuestionResponse](204)(client.DeleteQuestionWithResponse(ctx, q))
}

func people() string {
	group := do[*CreateGroupResponse](201)(client.CreateGroupWithResponse(ctx, CreateGroupJSONRequestBody{Name: "generated"}))
	g := group.JSON201.Id
	do[*GetGroupResponse](200)(client.GetGroupWithResponse(ctx, g))
	do[*UpdateGroupResponse](200)(client.UpdateGroupWithResponse(ctx, g, UpdateGroupJSONRequestBody{Description: to("changed")}))
	do[*ReplaceGroupResponse](200)(client.ReplaceGroupWithResponse(ctx, g, ReplaceGroupJSONRequestBody{Name: "replaced"}))
	do[*ListGroupsResponse](200)(client.ListGroupsWithResponse(ctx, nil))

	made := do[*CreateUserResponse](201)(client.CreateUserWithResponse(ctx, CreateUserJSONRequestBody{Email: to("generated@example.com"), Role: "viewer", Groups: &[]string{g},
		Attributes: &map[string]*[]string{"region": {"north", "south"}}}))
	p := made.JSON201.Id
	check(made.JSON201.SignInLink != nil, "a person without a password gets no link")
	got := do[*GetUserResponse](200)(client.GetUserWithResponse(ctx, p))
	check(len(got.JSON200.Groups) == 1 && len(*got.JSON200.Attributes["region"]) == 2, "the person has other groups or attributes")
	do[*UpdateUserResponse](200)(client.UpdateUserWithResponse(ctx, p, UpdateUserJSONRequestBody{Name: to("Gen")}))
	do[*ReplaceUserResponse](200)(client.ReplaceUserWithResponse(ctx, p, ReplaceUserJSONRequestBody{Email: to("generated@example.com"), Role: "analyst"}))
	do[*ListUsersResponse](200)(client.ListUsersWithResponse(ctx, &ListUsersParams{Limit: to(int64(1))}))
	link := do[*InviteUserResponse](201)(client.InviteUserWithResponse(ctx, p))
	check(strings.Contains(link.JSON201.Url, "/invite?token="), "the link is another one")
	do[*ResetUserResponse](201)(client.ResetUserWithResponse(ctx, p))
	do[*ListUserSessionsResponse](200)(client.ListUserSessionsWithResponse(ctx, p, nil))
	do[*DeleteUserSessionResponse](404)(client.DeleteUserSessionWithResponse(ctx, p, "none"))
	do[*EndUserResponse](204)(client.EndUserWithResponse(ctx, p))

	do[*SetMembersResponse](204)(client.SetMembersWithResponse(ctx, g, SetMembersJSONRequestBody{People: []string{}}))
	do[*AddMembersResponse](204)(client.AddMembersWithResponse(ctx, g, AddMembersJSONRequestBody{People: []string{p}}))
	members := do[*ListMembersResponse](200)(client.ListMembersWithResponse(ctx, g, nil))
	check(len(members.JSON200.Items) == 1, "the group has other members")
	do[*RemoveMemberResponse](204)(client.RemoveMemberWithResponse(ctx, g, p))
	do[*DeleteGroupResponse](204)(client.DeleteGroupWithResponse(ctx, g))
	return p
}

func rights(connection, person string) {
	role := do[*CreateRoleResponse](201)(client.CreateRoleWithResponse(ctx, CreateRoleJSONRequestBody{Name: "generated", Actions: []RoleInputActions{"look"}}))
	r := role.JSON201.Id
	do[*GetRoleResponse](200)(client.GetRoleWithResponse(ctx, r))
	do[*UpdateRoleResponse](200)(client.UpdateRoleWithResponse(ctx, r, UpdateRoleJSONRequestBody{Description: to("changed")}))
	do[*ReplaceRoleResponse](200)(client.ReplaceRoleWithResponse(ctx, r, ReplaceRoleJSONRequestBody{Name: "replaced", Actions: []RoleInputActions{"look", "ask"}}))
	roles := do[*ListRolesResponse](200)(client.ListRolesWithResponse(ctx, nil))
	check(len(roles.JSON200.Items) == 4, "there are other roles")
	do[*DeleteRoleResponse](204)(client.DeleteRoleWithResponse(ctx, r))

	subject := Subject{Kind: "person", Id: &person}
	grant := do[*SetGrantResponse](201)(client.SetGrantWithResponse(ctx, SetGrantJSONRequestBody{Subject: subject, Object: Object{Kind: "connection", Id: connection}, Level: "ask"}))
	do[*GetGrantResponse](200)(client.GetGrantWithResponse(ctx, grant.JSON201.Id))
	grants := do[*ListGrantsResponse](200)(client.ListGrantsWithResponse(ctx, &ListGrantsParams{SubjectId: &person}))
	check(len(grants.JSON200.Items) == 1, "there are other grants")
	do[*DeleteGrantResponse](204)(client.DeleteGrantWithResponse(ctx, grant.JSON201.Id))

	var attribute any = map[string]string{"attribute": "region"}
	filter := &Filter{Column: to("name"), Op: to(FilterOp("eq")), Value: attribute}
	rule := do[*CreateRuleResponse](201)(client.CreateRuleWithResponse(ctx, CreateRuleJSONRequestBody{Connection: connection, Subject: subject, Table: "regions", Filter: filter,
		Masks: &[]Mask{{Column: "name", How: "redact"}}}))
	id := rule.JSON201.Id
	do[*GetRuleResponse](200)(client.GetRuleWithResponse(ctx, id))
	do[*UpdateRuleResponse](200)(client.UpdateRuleWithResponse(ctx, id, UpdateRuleJSONRequestBody{Note: to("changed")}))
	do[*ReplaceRuleResponse](200)(client.ReplaceRuleWithResponse(ctx, id, ReplaceRuleJSONRequestBody{Connection: connection, Subject: subject, Table: "regions", Filter: filter}))
	rules := do[*ListRulesResponse](200)(client.ListRulesWithResponse(ctx, &ListRulesParams{Connection: &connection}))
	check(len(rules.JSON200.Items) == 1, "there are other rules")
	why := do[*ExplainResponse](200)(client.ExplainWithResponse(ctx, ExplainJSONRequestBody{Person: person, Action: "ask_sql", Connection: &connection, Table: to("regions")}))
	check(why.JSON200.Allowed && len(why.JSON200.Steps) > 1 && why.JSON200.Sees != nil, "the explanation is another one")
	do[*DeleteRuleResponse](204)(client.DeleteRuleWithResponse(ctx, id))
}

func tokens() {
	me := do[*GetMeResponse](200)(client.GetMeWithResponse(ctx))
	check(me.JSON200.Role == "admin" && me.JSON200.Via == "token", "somebody else asks")
	made := do[*CreateTokenResponse](201)(client.CreateTokenWithResponse(ctx, CreateTokenJSONRequestBody{Name: "generated", Scopes: &[]TokenInputScopes{"look"}}))
	id := made.JSON201.Id
	do[*GetTokenResponse](200)(client.GetTokenWithResponse(ctx, id))
	do[*UpdateTokenResponse](200)(client.UpdateTokenWithResponse(ctx, id, UpdateTokenJSONRequestBody{Name: "renamed"}))
	do[*ListTokensResponse](200)(client.ListTokensWithResponse(ctx, nil))
	do[*DeleteTokenResponse](204)(client.DeleteTokenWithResponse(ctx, id))

	service := do[*CreateUserResponse](201)(client.CreateUserWithResponse(ctx, CreateUserJSONRequestBody{Kind: to(UserCreateKind("service")), Name: to("Nightly"), Role: "viewer"}))
	s := service.JSON201.Id
	own := do[*CreateUserTokenResponse](201)(client.CreateUserTokenWithResponse(ctx, s, CreateUserTokenJSONRequestBody{Name: "generated"}))
	do[*GetUserTokenResponse](200)(client.GetUserTokenWithResponse(ctx, s, own.JSON201.Id))
	do[*ListUserTokensResponse](200)(client.ListUserTokensWithResponse(ctx, s, nil))
	do[*DeleteUserTokenResponse](204)(client.DeleteUserTokenWithResponse(ctx, s, own.JSON201.Id))

	do[*CreateAccessTokenResponse](401)(client.CreateAccessTokenWithResponse(ctx, CreateAccessTokenJSONRequestBody{Email: "nobody@example.com", Password: "not this one"}))
	do[*RefreshAccessTokenResponse](401)(client.RefreshAccessTokenWithResponse(ctx, RefreshAccessTokenJSONRequestBody{RefreshToken: "none"}))
	do[*RevokeTokenResponse](204)(client.RevokeTokenWithResponse(ctx, RevokeTokenJSONRequestBody{Token: to("none")}))
}

func record() {
	list := do[*ListAuditResponse](200)(client.ListAuditWithResponse(ctx, &ListAuditParams{Action: to("rule."), Limit: to(int64(2))}))
	check(len(list.JSON200.Items) == 2 && list.JSON200.NextCursor != nil, "the record has other lines")
	one := do[*GetAuditResponse](200)(client.GetAuditWithResponse(ctx, list.JSON200.Items[0].Seq))
	check(one.JSON200.Hash == list.JSON200.Items[0].Hash, "the record is another one")
	verdict := do[*VerifyAuditResponse](200)(client.VerifyAuditWithResponse(ctx))
	check(verdict.JSON200.Ok, verdict.JSON200.Sentence)
}

func removals(connection, person string) {
	do[*DeleteUserResponse](204)(client.DeleteUserWithResponse(ctx, person))
	gone := do[*GetUserResponse](404)(client.GetUserWithResponse(ctx, person))
	check(strings.Contains(string(gone.GetBody()), "not_found"), "the problem has another code")
	do[*DeleteConnectionResponse](204)(client.DeleteConnectionWithResponse(ctx, connection))
}
