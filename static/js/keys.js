// data-key="g d" on a link, button or field gives it a shortcut: one key, or
// two in turn.
const wait = 1200
let before = ''
let since = 0

const typing = (t) => t.isContentEditable || t.matches?.('input, textarea, select, [role=textbox]')

document.addEventListener('keydown', (e) => {
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return
  if (typing(e.composedPath()[0])) return
  if (document.querySelector('dialog[open]')) return
  const pair = e.timeStamp - since < wait ? `${before} ${e.key}` : ''
  const target = find(pair) ?? find(e.key)
  before = e.key
  since = e.timeStamp
  if (!target) return
  before = ''
  e.preventDefault()
  if (typing(target)) target.focus()
  else target.click()
})

function find(keys) {
  if (!keys.trim()) return undefined
  return [...document.querySelectorAll('[data-key]')].find((el) => el.dataset.key === keys && el.checkVisibility()) ??
    [...document.querySelectorAll('a[data-key]')].find((el) => el.dataset.key === keys)
}
