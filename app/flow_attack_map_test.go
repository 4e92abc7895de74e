package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// defences says which tests hold which attack off. The numbers are those of the
// table of published advisories (1 to 70) and of the twenty controls (C1 to C20)
// that this product is measured by; rows of what does not exist yet are not
// listed. A test is written as the folder under app, a colon and its name; one
// without a folder is of this package.
var defences = []struct{ row, attack, tests string }{
	{"1, 2, C5", "set-up after set-up, from elsewhere or twice at once", "TestSignInAttacks account:TestSetupLinkWorksOnce TestAttackDebugRoutes"},
	{"3, 4", "secrets that are the same everywhere", "TestAttackKeysThatAreTheSame account:TestForgedAccessTokens"},
	{"5", "pages without a sign-in", "TestEveryRouteAsEverybody api:TestEveryCallNeedsAToken"},
	{"6", "a session id that is a path", "TestAttackLimits"},
	{"7, 55", "placeholders and patterns in the place of an id", "TestAttackNamesThatMatchMore TestAttackSharedTokensThatOpenNothing share:TestAttackClosedLinksLookTheSame"},
	{"8, 9, 10, 12", "leaving a folder", "TestAttackPathTraversal"},
	{"13, 14, 45", "redirects to elsewhere", "TestAttackOpenRedirects TestSignInAttacks web:TestNextStaysHere TestAttackPathTraversal"},
	{"15, 16, 19, 20", "settings smuggled into a connection", "TestAttackSettingsInConnectionFields source/mysql:TestOpenRefuses source/postgres:TestOpenRefusesBadConfigurations source/sqlserver:TestOpenRefusesBadSettings source/sqlite:TestUnknownOptions api:TestBodies"},
	{"15, 17, 18, C8", "a MySQL server that asks for files", "TestAttackServersWordsInErrors source/mysql:TestServerAsksForLocalFile"},
	{"21", "templates in text", "TestAttackTemplatesInText"},
	{"22", "values that end a statement of our own store", "TestAttackPathTraversal TestAttackNamesThatMatchMore TestHostileNamesWithoutScripts"},
	{"23", "several statements in one round trip", "source/postgres:TestTransactionCannotBeLeft source/mysql:TestAttacksOnTheServer"},
	{"24", "servers that answer with nonsense", "source/postgres:TestAttackServerSendsFrames source/postgres:TestServerThatIsNone source/mysql:TestServerSendsNonsense"},
	{"25, 26, 32, C1", "statements that do more than read", "source/postgres:TestGuardAttackCorpus source/mysql:TestCorpusAttacks source/sqlserver:TestGuardCorpusAttacks source/sqlite:TestAttacksOnTheEngine source/postgres:TestPassedStatementsChangeNothing"},
	{"27", "our own store as a connection", "source:TestAttackOwnStoreByAnotherName source:TestAttackOwnFileByAnotherPath TestAttackOwnStoreAsConnection"},
	{"28", "names and parameters that become SQL", "query:TestAttributesCannotBeSQL query:TestProblemsNameTheField query:TestParameters source/postgres:TestLiteral source/mysql:TestLiteral"},
	{"33", "rights that are asked once", "query:TestRightsAreAskedAtTheDoor query:TestRunningQuestionsEndWithTheRight"},
	{"34", "a server's words in our errors", "TestAttackServersWordsInErrors"},
	{"35, 37, C8", "connections to what stands beside the server", "TestAttackConnectionsToThisMachine source:TestReachDecidesOnAddresses source:TestSpellingsOfLoopbackAreRefused source:TestOwnListenerIsRefusedByEveryAddressOfThisMachine TestAttackMetricsListener"},
	{"38", "names that change their mind", "source:TestRebindingIsDecidedWhenConnecting source:TestAttackOwnStoreByAnotherName"},
	{"40, 41, 42, C7", "names that become scripts", "TestAttackNamesInEveryPage TestAttackReportsWithHostileNames TestAttackHostileWordsInEveryMedium TestHostileNamesInABrowser TestHostileNamesWithoutScripts document:TestLinksThatLeadNowhere document:TestHostileTextsEnd pdf:TestHostileDocuments svg:TestParseRefuses"},
	{"46, C19", "formulas in files", "frame:TestCSVCells frame:TestCSVWriter frame:TestXLSXCells TestAttackHostileWordsInEveryMedium"},
	{"40, C7", "names that become heads of mails, files or signs of a channel", "mail:TestHeadersCannotBeInjected TestAttackHostileWordsInEveryMedium schedule:TestWebhooksAndSlack content:TestStrangeTexts"},
	{"48, 50, 51, C11", "forged and replayed answers of identity providers", "identity:TestForgedIDTokens identity:TestReplayedCallbackIsRefused identity:TestSpoiledAnswers identity:TestForgedAssertions identity:TestIdentitiesAreRecognisedByIssuerAndSubjectAlone"},
	{"52, C15", "guessing passwords", "TestSignInAttacks account:TestThrottle account:TestSignIn api:TestGuessingPasswords TestAttackForwardedHeaders"},
	{"53, C6", "objects and routes beyond one's rights", "TestEveryRouteAsEverybody api:TestRoles query:TestRulesHoldForEveryKindOfQuestion"},
	{"54", "shared pages that tell what stands behind them", "TestAttackSharedPagesTellNothingElse TestAttackSharedTokensInWhatIsWrittenDown TestAttackSharedPagesAndSessions TestAttackSharedAnswersAreKeptNowhere TestAttackCardsInFrames"},
	{"54", "links that show more once somebody else rewrites what they show", "TestAttackLinksAreRewritten"},
	{"54", "mails in place of links", "schedule:TestAttackMailsInPlaceOfLinks"},
	{"54", "parameters that a link does not offer", "TestAttackSharedParameters TestAttackLinksLoseTheirFilter share:TestAttackParametersOutsideTheList"},
	{"52, 54", "links and their passwords that are guessed", "TestAttackSharedLinksAreGuessed TestAttackSharedPasswordsAreGuessed TestAttackReadersAreLockedOut share:TestAttackGuessesAreThrottled share:TestAttackPasswordsAreGuessed"},
	{"C7", "frames of other sites", "TestAttackSharedFrames TestAttackCardsInFrames share:TestOrigin TestHeadersOnEveryAnswer"},
	{"56, C4", "secrets in answers, logs and files", "TestAttackWatcherNotices source:TestPasswordIsNowhereInTheFiles source:TestSecretDoesNotOpenInAnotherRow api:TestConnections"},
	{"58, C10", "requests from other sites", "TestAttackCrossSiteRequests TestAttackCookiesOverHTTPS TestHeadersOnEveryAnswer"},
	{"59", "forged tokens", "account:TestForgedAccessTokens TestAttackLimits"},
	{"60, C9", "sessions and tokens that outlive their right", "TestSignInAttacks account:TestSessionsEnd query:TestRunningQuestionsEndWithTheRight TestAttackCookiesOverHTTPS TestAttackSharedLinksOutliveTheirMaker TestAttackSnapshotLinksOutliveRights TestAttackLinksEndedMeanwhile share:TestAttackClosedLinksLookTheSame account:TestThawedPersonIsWhoTheyWere"},
	{"61", "forged log lines", "TestAttackLogForging audit:TestValuesStayOneSafeLine"},
	{"67", "requests that hold too much", "TestAttackLimits api:TestBodies"},
	{"68, 69", "work for strangers", "TestHeadersOnEveryAnswer TestAttackSlowClients"},
	{"C2", "sessions that keep what a statement did", "source/mysql:TestSessionStays source/postgres:TestAttacksPastTheGuardChangeNothing"},
	{"C3", "questions that do not end", "TestDroppedConnectionEndsTheQuery TestAttackDownloadThatIsNotRead query:TestLimitsAreStated source/mysql:TestKillQuery"},
	{"C12", "an edited record", "audit:TestDamageIsFoundAndLocated audit:TestOldCopyIsFound audit:TestKilledWritersLeaveAWholeRecord"},
	{"C16", "slow, smuggling and forwarding clients", "TestAttackSlowClients TestAttackRequestSmuggling TestAttackForwardedHeaders TestAttackManyConnections TestAttackClientThatStopsReading api:TestTheRestOfABodyIsNoRequest web:TestHostsThatAreAnswered"},
	{"C17", "an end in the middle", "TestServerWithBoundsStopsGracefully audit:TestKilledWritersLeaveAWholeRecord"},
	{"C20", "doors left open", "TestAttackDebugRoutes"},
}

// TestAttackTableNamesTests: a defence that was renamed or removed is missed.
func TestAttackTableNamesTests(t *testing.T) {
	functions := map[string]map[string]bool{}
	in := func(folder string) map[string]bool {
		if known, ok := functions[folder]; ok {
			return known
		}
		found := map[string]bool{}
		functions[folder] = found
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range parsed.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
					found[f.Name.Name] = true
				}
			}
		}
		return found
	}
	listed := map[string]bool{}
	for _, d := range defences {
		tests := strings.Fields(d.tests)
		if d.row == "" || d.attack == "" || len(tests) == 0 {
			t.Errorf("%+v says too little", d)
		}
		for _, test := range tests {
			folder, name, ok := strings.Cut(test, ":")
			if !ok {
				folder, name = ".", test
			}
			listed[name] = true
			if !in(filepath.FromSlash(folder))[name] {
				t.Errorf("%s (%s): there is no test %s in %s", d.row, d.attack, name, folder)
			}
		}
	}
	for name := range in(".") {
		if strings.HasPrefix(name, "TestAttack") && !listed[name] && name != "TestAttackTableNamesTests" {
			t.Errorf("%s is in no row", name)
		}
	}
}
