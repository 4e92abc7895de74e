// toast says one sentence in the corner; kind is ok, warn or bad. Bad news
// stays until dismissed.
export function toast(text, kind = 'ok') {
  if (!text) return
  let box = document.querySelector('.toasts')
  if (!box) {
    box = document.createElement('div')
    box.className = 'toasts'
    box.setAttribute('role', 'status')
    document.body.append(box)
  }
  const note = document.createElement('div')
  note.className = `toast toast-${kind}`
  note.append(text)
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'toast-close'
  button.dataset.action = 'dismiss'
  button.setAttribute('aria-label', 'Dismiss')
  button.append('×')
  note.append(button)
  box.append(note)
  if (kind !== 'bad') setTimeout(() => note.remove(), 5000)
}
