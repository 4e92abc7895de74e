package api

import (
	"context"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/schedule"
)

func (a *api) schedules() {
	schedules := &keeping[schedule.Body, *schedule.Body]{api: a, noun: "schedule", plural: "schedules", store: a.Schedules, write: a.Jobs.Save,
		refers: func(ctx context.Context, before, now *schedule.Body) error {
			if now.Question != before.Question {
				if err := a.questionsKnown(ctx, []mention{{"question", now.Question}}); err != nil {
					return err
				}
			}
			if now.Dashboard != before.Dashboard {
				if err := itemKnown(ctx, a.Dashboards.Get, "dashboard", now.Dashboard); err != nil {
					return err
				}
			}
			if now.Report != before.Report {
				return itemKnown(ctx, a.Reports.Get, "report", now.Report)
			}
			return nil
		}}
	alerts := &keeping[schedule.AlertBody, *schedule.AlertBody]{api: a, noun: "alert", plural: "alerts", store: a.Alerts, write: a.Jobs.SaveAlert,
		refers: func(ctx context.Context, before, now *schedule.AlertBody) error {
			if now.Question == before.Question {
				return nil
			}
			return a.questionsKnown(ctx, []mention{{"question", now.Question}})
		}}
	saving(schedules)
	saving(alerts)
	if a.Jobs.Run != nil {
		running(schedules)
		running(alerts)
	}
}

// checked is a saved thing of any kind.
type checked interface {
	Check(p *account.Person, a account.Action) error
}

// itemKnown reports the id of a saved thing of which the caller does not know.
func itemKnown[I checked](ctx context.Context, get func(context.Context, string) (I, error), noun, id string) error {
	if id == "" {
		return nil
	}
	i, err := get(ctx, id)
	if err == nil {
		err = i.Check(from(ctx).person, account.Look)
	}
	if fault.Is(err, fault.NotFound) {
		return fault.Field(noun, "There is no such %s, or nobody granted you a right to it", noun)
	}
	return err
}
