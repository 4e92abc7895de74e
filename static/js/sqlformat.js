// Loaded when a writer asks to have a statement laid out.
import { formatDialect, mysql, postgresql, sql, sqlite, transactsql } from 'sql-formatter'

const dialects = { postgres: postgresql, mysql, sqlserver: transactsql, sqlite }

// tidy returns the statement laid out anew, or null if it cannot be read.
export function tidy(text, kind) {
  try {
    return formatDialect(text, { dialect: dialects[kind] ?? sql, tabWidth: 2, keywordCase: 'preserve' })
  } catch {
    return null
  }
}
