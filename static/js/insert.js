// Puts a live block or a figure where the cursor stands in a text.
const forms = {
  'insert-value': (q) => `{{value "${q}" row=last}}`,
  'insert-table': (q) => '```table\nquestion: ' + q + '\nrows: 10\n```',
  'insert-number': (q) => '```number\nquestion: ' + q + '\n```',
  'insert-chart': (q) => '```chart\nquestion: ' + q + '\n```',
}

export function insert(button) {
  const area = document.querySelector(button.dataset.into)
  const from = document.querySelector(button.dataset.from)
  const form = forms[button.value]
  if (!area || !from?.value || !form) return
  let text = form(from.value)
  const { selectionStart: start, selectionEnd: end, value } = area
  if (button.value !== 'insert-value') {
    const before = value.slice(0, start)
    const after = value.slice(end)
    if (before) text = (before.endsWith('\n\n') ? '' : before.endsWith('\n') ? '\n' : '\n\n') + text
    text += after.startsWith('\n\n') ? '' : after.startsWith('\n') ? '\n' : '\n\n'
  }
  area.focus()
  area.setRangeText(text, start, end, 'end')
  area.dispatchEvent(new Event('input', { bubbles: true }))
}
