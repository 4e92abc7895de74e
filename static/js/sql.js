// Turns <textarea data-editor="sql"> into an editor. The textarea stays the
// form's field: what it holds is what is sent.
//
//   data-dialect         postgres, mysql, sqlserver or sqlite
//   data-schema-url      the connection's schema as JSON, for completion
//   data-error-position  where the database saw an error: "17", counted in
//                        characters from 1, or "3:7" as line and column
//   data-error-message   what it said
import { autocompletion, acceptCompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { MSSQL, MySQL, PostgreSQL, SQLite, StandardSQL, sql } from '@codemirror/lang-sql'
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { setDiagnostics } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import { EditorView, drawSelection, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'

const dialects = { postgres: PostgreSQL, mysql: MySQL, sqlserver: MSSQL, sqlite: SQLite }
const homes = { postgres: 'public', sqlserver: 'dbo', sqlite: 'main' }

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--code-comment)' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--code-type)' },
])

const look = EditorView.theme({
  '&': { minHeight: '12rem', maxHeight: '50vh', overflow: 'hidden', resize: 'vertical', backgroundColor: 'var(--raised)', color: 'var(--text)', fontSize: 'var(--code-size)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)', padding: 'var(--s2) 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--muted)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'var(--hover)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--selection)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--selection)' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', border: '1px solid var(--line-strong)', borderRadius: 'var(--radius)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionDetail': { color: 'var(--muted)', fontStyle: 'normal', marginLeft: '1em' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-diagnostic': { fontFamily: 'var(--sans)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)', textUnderlineOffset: '3px' },
  '.cm-placeholder': { color: 'var(--muted)' },
})

// edit replaces a textarea by an editor and returns the editor's view.
export function edit(area) {
  const kind = area.dataset.dialect
  const dialect = dialects[kind] ?? StandardSQL
  const language = new Compartment()
  const submit = () => {
    area.form?.requestSubmit()
    return true
  }
  // In a shadow root the editor's own styles are constructed sheets; in the
  // page they would be a style element, which the content policy forbids.
  const host = document.createElement('div')
  host.className = 'editor-live'
  area.after(host)
  const root = host.attachShadow({ mode: 'open' })
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        keymap.of([
          { key: 'Mod-Enter', run: submit },
          { key: 'Shift-Alt-f', run: (v) => (format(v, kind), true) },
          { key: 'Tab', run: acceptCompletion },
        ]),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
        lineNumbers(), history(), drawSelection(), highlightSpecialChars(), highlightActiveLine(),
        indentOnInput(), bracketMatching(), closeBrackets(), autocompletion({ icons: false }),
        EditorView.lineWrapping,
        placeholder(area.placeholder),
        syntaxHighlighting(colours), look,
        language.of(sql({ dialect, upperCaseKeywords: false })),
        EditorView.contentAttributes.of({ 'aria-label': label(area), spellcheck: 'false' }),
        EditorState.readOnly.of(area.readOnly),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return
          area.value = update.state.doc.toString()
          area.dispatchEvent(new Event('input', { bubbles: true }))
        }),
      ],
    }),
  })
  area.hidden = true
  // A press on the label should still land in the field.
  for (const l of area.labels ?? []) l.addEventListener('click', () => view.focus())
  area.form?.addEventListener('click', (e) => {
    if (e.target.closest('[data-action=format-sql]')) format(view, kind)
  })
  area.form?.addEventListener('reset', () => setTimeout(() => replace(view, area.value)))
  if (area.autofocus) view.focus()
  markError(view, area)
  complete(area.dataset.schemaUrl).then((schema) => {
    if (schema) view.dispatch({ effects: language.reconfigure(sql({ dialect, schema, defaultSchema: homes[kind] })) })
  })
  return view
}

const label = (area) => area.getAttribute('aria-label') || area.labels?.[0]?.textContent.trim() || 'SQL'

const replace = (view, text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })

async function complete(url) {
  if (!url) return null
  const answer = await fetch(url, { headers: { Accept: 'application/json' }, credentials: 'same-origin' }).catch(() => null)
  if (!answer?.ok) return null
  const { tables = [] } = await answer.json()
  const schema = {}
  for (const t of tables) {
    const columns = (t.columns ?? []).map((c) => ({ label: c.name, type: 'property', detail: c.type }))
    if (t.schema) (schema[t.schema] ??= {})[t.name] = columns
    else schema[t.name] = columns
  }
  return schema
}

function markError(view, area) {
  const { errorPosition, errorMessage } = area.dataset
  const from = errorPosition ? offset(view.state.doc, errorPosition) : null
  if (from === null) return
  const word = view.state.wordAt(from)
  const to = Math.min(view.state.doc.length, Math.max(word?.to ?? 0, from + 1))
  const diagnostic = { from: Math.min(from, to), to, severity: 'error', message: errorMessage || 'The database stopped here.' }
  view.dispatch(setDiagnostics(view.state, [diagnostic]), { selection: { anchor: Math.min(from, to) }, scrollIntoView: true })
}

function offset(doc, text) {
  const [, first, second] = /^(\d+)(?::(\d+))?$/.exec(text) ?? []
  if (!first) return null
  if (second) {
    if (first < 1 || first > doc.lines) return null
    const line = doc.line(Number(first))
    return Math.min(line.to, line.from + Math.max(0, second - 1))
  }
  // Databases count characters, the editor counts UTF-16 units.
  const before = [...doc.toString()].slice(0, Math.max(0, first - 1)).join('').length
  return Math.min(doc.length, before)
}

async function format(view, kind) {
  const { tidy } = await import('./sqlformat.js')
  const text = tidy(view.state.doc.toString(), kind)
  if (text !== null) replace(view, text)
  view.focus()
}
