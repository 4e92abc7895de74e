// Loaded on every page. Pages work without it; this makes them quicker.
import htmx from 'htmx.org/dist/htmx.esm.min.js'
import './theme.js'
import './zone.js'
import './keys.js'
import { insert } from './insert.js'
import { bindMenus } from './menu.js'
import { bindReturn } from './return.js'
import { toast } from './toast.js'

document.documentElement.classList.add('js')
bindMenus()

const offline = 'The server could not be reached. Check the connection and try again.'

const actions = {
  async copy(button) {
    const from = button.dataset.copyFrom
    const text = from ? document.querySelector(from)?.textContent : button.dataset.copy || location.href
    toast((await copy(text ?? '')) ? 'Copied' : 'The browser did not allow copying. Select the text and copy it by hand.')
  },
  dialog(button) {
    const box = document.querySelector(button.dataset.dialog)
    if (box instanceof HTMLDialogElement) box.showModal()
  },
  async interactive(button) {
    const figure = button.closest('figure[data-option-url]')
    if (!figure) return
    try {
      const { toggle } = await import('./chart.js')
      await toggle(figure)
    } catch {
      toast('The interactive chart could not be loaded. The drawing and its table stay as they are.', 'bad')
    }
  },
  insert,
  print: () => window.print(),
  dismiss: (button) => button.closest('.toast, .notice')?.remove(),
}

async function copy(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(() => true, () => false)
  }
  // Plain HTTP on a private network has no clipboard interface.
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'visually-hidden'
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}

document.addEventListener('click', (e) => {
  const button = e.target.closest?.('[data-action]')
  if (button && Object.hasOwn(actions, button.dataset.action)) {
    e.preventDefault()
    actions[button.dataset.action](button)
  } else if (e.target instanceof HTMLDialogElement) {
    e.target.close()
  }
})

document.addEventListener('change', (e) => {
  if (e.target.matches('[data-submit-on-change]')) e.target.form?.requestSubmit()
})

bindReturn()

document.addEventListener('submit', (e) => {
  const question = e.submitter?.dataset.confirm ?? e.target.dataset.confirm
  if (question && !window.confirm(question)) e.preventDefault()
  else if (e.submitter?.hasAttribute('data-busy')) e.submitter.setAttribute('aria-busy', 'true')
}, true)

// A page restored by the back button must not look as if it still worked.
window.addEventListener('pageshow', () => {
  for (const b of document.querySelectorAll('[data-busy][aria-busy]')) b.removeAttribute('aria-busy')
})

document.addEventListener('toast', (e) => toast(e.detail?.text ?? e.detail?.value, e.detail?.kind))
document.addEventListener('htmx:error', () => toast(offline, 'bad'))

const seen = new WeakSet()

function enhance(root) {
  const find = (selector, f) => {
    for (const element of [root, ...root.querySelectorAll(selector)]) {
      if (!element.matches?.(selector) || seen.has(element)) continue
      seen.add(element)
      f(element)
    }
  }
  find('form[data-submit]', (form) => form.requestSubmit())
  find('[data-arrange], .board-filters, [data-marks], [data-fullscreen]', (element) => import('./dashboard.js').then(({ arrange, filters, marks }) => {
    if (element.matches('form.edit')) arrange(element)
    else if (element.matches('form')) filters(element)
    else marks(element)
  }, () => {}))
  find('textarea[data-editor=sql]', (area) => import('./sql.js').then(({ edit }) => edit(area), () => {}))
}

htmx.onLoad((element) => enhance(element))
enhance(document.documentElement)
