// Dashboards: marks that lead further, filters, full screen, and the arranging of cards.
const grid = 12

// --- Marks -----------------------------------------------------------------

// A drawing's marks are named after the cells of its table, which hold the links.
function cellOf(figure, name) {
  const [row, column] = name.split('.').map(Number)
  return figure.querySelector('.chart-data tbody')?.rows[row]?.cells[column]
}

// A line has a corner for each of its values; the nearest one is meant.
function nearest(path, e) {
  const at = new DOMPoint(e.clientX, e.clientY).matrixTransform(path.getScreenCTM().inverse())
  const numbers = path.getAttribute('d').match(/-?\d*\.?\d+(?:e-?\d+)?/gi)?.map(Number) ?? []
  let best = -1
  let least = 24
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const far = Math.hypot(numbers[i] - at.x, (numbers[i + 1] - at.y) / 2)
    if (far < least) [best, least] = [i / 2, far]
  }
  return { index: best, corners: numbers.length / 2, far: least }
}

function lineCell(figure, e) {
  const svg = e.target.closest('svg')
  const body = figure.querySelector('.chart-data tbody')
  if (!svg || !body) return undefined
  let found
  let series = 0
  for (const path of svg.querySelectorAll('path[fill="none"][class*="a-s"]')) {
    const { index, corners, far } = nearest(path, e)
    if (corners !== body.rows.length) continue
    series++
    if (index >= 0 && (!found || far < found.far)) found = { far, cell: body.rows[index].cells[series] }
  }
  return found?.cell
}

function markAt(e) {
  const figure = e.target.closest?.('[data-marks] figure.chart')
  if (!figure || !e.target.closest('.chart-drawing')) return undefined
  const mark = e.target.closest('[data-m]')
  const cell = mark ? cellOf(figure, mark.dataset.m) : lineCell(figure, e)
  return cell && { figure, cell }
}

const menu = () => {
  let box = document.querySelector('.mark-menu')
  if (!box) {
    box = document.createElement('div')
    box.className = 'mark-menu'
    box.popover = 'auto'
    box.setAttribute('role', 'menu')
    document.body.append(box)
  }
  return box
}

const words = (key) => key.slice(key.lastIndexOf('.') + 1).replaceAll('_', ' ')

function open({ figure, cell }, e) {
  const box = menu()
  const rows = cell.querySelector('a')?.getAttribute('href')
  const row = cell.parentElement
  const head = cell.closest('table').tHead.rows[0].cells[cell.cellIndex]
  const item = (text, href) => {
    const a = document.createElement('a')
    a.href = href
    a.setAttribute('role', 'menuitem')
    a.append(text)
    return a
  }
  const title = document.createElement('strong')
  title.append(`${row.cells[0].textContent.trim()}: ${cell.textContent.trim()}`)
  const items = [title]
  const board = figure.closest('[data-marks]').dataset.marks
  const only = (from) => {
    const query = new URLSearchParams(from.split('?')[1] ?? '')
    for (const key of [...query.keys()]) {
      const [, column] = /^m[ne]?\.(.+)$/.exec(key) ?? []
      if (!column) continue
      const to = new URLSearchParams(query)
      to.set('column', column)
      const shown = head?.textContent.trim() === query.get(key) ? query.get(key) : row.cells[0].textContent.trim()
      items.push(item(`Only ${words(column)} ${shown}`, `${board.split('?')[0]}?${to}`))
    }
  }
  const first = row.cells[0].querySelector('a')?.getAttribute('href')
  if (rows && board) only(rows)
  else if (first && board) items.push(item(`Only ${row.cells[0].textContent.trim()}`, first))
  if (rows) items.push(item('See its rows', rows))
  if (items.length === 1) return
  box.replaceChildren(...items)
  box.showPopover()
  const { width, height } = box.getBoundingClientRect()
  box.style.left = `${Math.max(8, Math.min(e.clientX, innerWidth - width - 8))}px`
  box.style.top = `${Math.max(8, Math.min(e.clientY + 8, innerHeight - height - 8))}px`
  box.querySelector('a').focus({ preventScroll: true })
}

document.addEventListener('click', (e) => {
  const mark = markAt(e)
  if (mark) open(mark, e)
})

document.addEventListener('keydown', (e) => {
  const box = e.target.closest?.('.mark-menu')
  if (!box || !['ArrowDown', 'ArrowUp'].includes(e.key)) return
  e.preventDefault()
  const items = [...box.querySelectorAll('a')]
  items[(items.indexOf(document.activeElement) + (e.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length]?.focus()
})

export function marks(card) {
  if (card.querySelector('.chart-data a')) card.classList.add('is-clickable')
}

// --- Filters ---------------------------------------------------------------

export function filters(form) {
  // A search in a list's values is no change of the filters.
  for (const type of ['change', 'input']) {
    form.addEventListener(type, (e) => {
      if (e.target.name === 'q') e.stopPropagation()
    }, true)
  }
  form.addEventListener('change', (e) => {
    const list = e.target.closest('.board-many')
    if (!list) return
    const chosen = [...list.querySelectorAll('input:checked')]
    list.querySelector('summary > span').textContent =
      chosen.length === 0 ? 'Any' : chosen.length === 1 ? chosen[0].value : `${chosen.length} chosen`
  })
}

// --- Full screen -----------------------------------------------------------

// The whole page fills the screen, not the board: that is swapped for its
// successor whenever the page asks anew, and the screen would be left with it.
const screenful = document.querySelector('button[data-fullscreen]')

if (screenful && document.fullscreenEnabled) {
  const bare = document.body.classList.contains('shell-full')
  screenful.hidden = false
  screenful.addEventListener('click', () => {
    screenful.closest('details').open = false
    if (document.fullscreenElement) document.exitFullscreen()
    else document.documentElement.requestFullscreen({ navigationUI: 'hide' }).catch(() => {})
  })
  document.addEventListener('fullscreenchange', () => {
    const filled = Boolean(document.fullscreenElement)
    document.body.classList.toggle('shell-full', filled || bare)
    screenful.textContent = filled ? 'Leave full screen' : 'Full screen'
  })
}

// --- Ages ------------------------------------------------------------------

const said = (seconds) => {
  if (seconds < 45) return 'just now'
  if (seconds < 5400) return `${Math.max(1, Math.round(seconds / 60))} min ago`
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86400)} days ago`
}
setInterval(() => {
  for (const t of document.querySelectorAll('.board-age > time')) t.textContent = said((Date.now() - new Date(t.dateTime)) / 1000)
}, 30_000)

// --- Arranging -------------------------------------------------------------

// The same rules as on the server: see the package dashboard.
const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
const beside = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w

function settle(cards, first) {
  const done = []
  const order = cards.filter((c) => c !== first).sort((a, b) => a.y - b.y || a.x - b.x)
  for (const card of [first, ...order]) {
    for (let hit; (hit = done.find((d) => overlap(card, d)));) card.y = hit.y + hit.h
    done.push(card)
  }
}

function fit(card) {
  card.w = Math.min(Math.max(card.w, 1), grid)
  card.h = Math.min(Math.max(card.h, 1), 40)
  card.x = Math.min(Math.max(card.x, 0), grid - card.w)
  card.y = Math.max(card.y, 0)
}

function move(cards, card, dx, dy) {
  const others = cards.filter((c) => c !== card)
  if (dy > 0) {
    const below = others.filter((o) => beside(o, card) && o.y === card.y + card.h)
    for (const o of below) o.y -= card.h
    card.y += below.length ? Math.max(...below.map((o) => o.h)) : dy
  } else if (dy < 0) {
    const above = others.filter((o) => beside(o, card) && o.y + o.h === card.y)
    card.y = above.length ? Math.min(...above.map((o) => o.y)) : Math.max(0, card.y + dy)
  }
  if (dx) {
    const next = others.find((o) => o.y === card.y && o.h === card.h && (dx > 0 ? o.x === card.x + card.w : o.x + o.w === card.x))
    if (next && dx > 0) [card.x, next.x] = [card.x + next.w, card.x]
    else if (next) [card.x, next.x] = [next.x, next.x + card.w]
    else card.x += dx
  }
  fit(card)
  settle(cards, card)
}

function resize(cards, card, dw, dh) {
  card.h = Math.max(1, card.h + dh)
  card.w = Math.min(Math.max(1, card.w + dw), grid - card.x)
  fit(card)
  settle(cards, card)
}

export function arrange(form) {
  const status = form.querySelector('#edit-said')
  for (const tab of form.querySelectorAll('.edit-tab')) flatten(tab)
  let dirty = false
  addEventListener('beforeunload', (e) => { if (dirty) e.preventDefault() })
  form.addEventListener('submit', () => { dirty = false })
  form.addEventListener('input', () => { dirty = true })

  function flatten(tab) {
    const box = tab.querySelector('.edit-grid')
    box.classList.add('edit-flat')
    const cards = [...box.querySelectorAll('.edit-card')].map((element) => {
      const field = (key) => element.querySelector(`[data-place=${key}]`)
      const card = { element, name: element.getAttribute('aria-label'), fields: { x: field('x'), y: field('y'), w: field('w'), h: field('h') } }
      for (const key of 'xywh') card[key] = Number(card.fields[key].value) - ('xy'.includes(key) ? 1 : 0)
      return card
    })
    box.replaceChildren(...cards.map((c) => c.element))
    const show = () => {
      for (const c of cards) {
        c.element.style.gridColumn = `${c.x + 1} / span ${c.w}`
        c.element.style.gridRow = `${c.y + 1} / span ${c.h}`
        c.element.toggleAttribute('data-low', c.h < 3)
        c.fields.x.value = c.x + 1
        c.fields.y.value = c.y + 1
        c.fields.w.value = c.w
        c.fields.h.value = c.h
      }
    }
    const tell = (c) => {
      dirty = true
      status.textContent = `${c.name}: column ${c.x + 1}, row ${c.y + 1}, ${c.w} wide, ${c.h} high`
    }
    show()
    for (const c of cards) {
      const name = c.element.querySelector('.edit-name')
      name.tabIndex = 0
      name.setAttribute('role', 'button')
      name.setAttribute('aria-roledescription', 'card to arrange')
      name.addEventListener('keydown', (e) => {
        const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key] ?? []
        if (dx === undefined) return
        e.preventDefault()
        if (e.shiftKey) resize(cards, c, dx, dy)
        else move(cards, c, dx, dy)
        show()
        tell(c)
        c.element.scrollIntoView({ block: 'nearest' })
      })
      name.addEventListener('pointerdown', (e) => hold(e, c, (at, from) => { c.x = at.x + from.x; c.y = at.y + from.y }))
      c.element.querySelector('.edit-corner').addEventListener('pointerdown', (e) => hold(e, c, (at, from) => {
        c.w = Math.min(Math.max(1, from.w + at.x), grid - c.x)
        c.h = from.h + at.y
      }))
      for (const button of c.element.querySelectorAll('[data-move]')) {
        button.addEventListener('click', (e) => {
          e.preventDefault()
          const [dx, dy, dw, dh] = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1], narrower: [0, 0, -1, 0], wider: [0, 0, 1, 0], lower: [0, 0, 0, -1], higher: [0, 0, 0, 1] }[button.dataset.move.split('.')[0]]
          if (dw === undefined) move(cards, c, dx, dy)
          else resize(cards, c, dw, dh)
          show()
          tell(c)
        })
      }
    }

    // hold follows the pointer; the others go out of the way as the card would lie.
    function hold(e, c, follow) {
      if (e.button !== 0) return
      e.preventDefault()
      const from = { ...c }
      const before = cards.map((o) => ({ x: o.x, y: o.y }))
      const style = getComputedStyle(box)
      const column = (box.clientWidth + parseFloat(style.columnGap)) / grid
      const row = parseFloat(style.gridAutoRows) + parseFloat(style.rowGap)
      const start = { x: e.clientX, y: e.clientY + scrollY }
      const stop = new AbortController()
      const target = e.currentTarget
      target.setPointerCapture(e.pointerId)
      c.element.classList.add('is-held')
      const step = (event) => {
        cards.forEach((o, i) => { if (o !== c) Object.assign(o, before[i]) })
        follow({ x: Math.round((event.clientX - start.x) / column), y: Math.round((event.clientY + scrollY - start.y) / row) }, from)
        fit(c)
        settle(cards, c)
        show()
        if (event.clientY > innerHeight - 60) scrollBy(0, 12)
        else if (event.clientY < 60) scrollBy(0, -12)
      }
      const end = (event) => {
        stop.abort()
        c.element.classList.remove('is-held')
        if (event.type === 'keydown' || event.type === 'pointercancel') {
          Object.assign(c, { x: from.x, y: from.y, w: from.w, h: from.h })
          cards.forEach((o, i) => { if (o !== c) Object.assign(o, before[i]) })
          show()
          return
        }
        tell(c)
      }
      const options = { signal: stop.signal }
      target.addEventListener('pointermove', step, options)
      target.addEventListener('pointerup', end, options)
      target.addEventListener('pointercancel', end, options)
      document.addEventListener('keydown', (k) => { if (k.key === 'Escape') end(k) }, options)
      target.focus({ preventScroll: true })
    }
  }
}
