// The builder sends its form at every change. Whoever works through it by
// keyboard, or on a phone, comes back to the control that was left.
const key = 'assay-return'
const fresh = 30_000

export function bindReturn() {
  const form = document.querySelector('.builder-form')
  if (!form) return
  form.addEventListener('submit', (e) => {
    const control = e.submitter?.name ? e.submitter : document.activeElement
    if (!form.contains(control) || control.classList.contains('btn-primary')) return
    sessionStorage.setItem(key, JSON.stringify({ name: control.name, value: e.submitter?.value, at: Date.now(), page: scrollY }))
  })
  const left = JSON.parse(sessionStorage.getItem(key) ?? 'null')
  sessionStorage.removeItem(key)
  if (!left || Date.now() - left.at > fresh) return
  const fold = form.closest('details')
  if (fold) fold.open = true
  const named = [...form.elements].filter((x) => x.name === left.name && x.type !== 'hidden')
  const control = named.find((x) => x.type === 'submit' && x.value === left.value) ?? named.find((x) => x.type !== 'submit')
  control?.focus({ preventScroll: true })
  scrollTo(0, left.page)
}
