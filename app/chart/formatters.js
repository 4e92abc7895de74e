// The named formats of chart options: the list, the grammar and examples are in
// formatters.go. The browser's side implements the same.
const languages = {
  en: { group: ',', point: '.', steps: ['', 'k', 'M', 'bn', 'tn'], months: 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec' },
  de: { group: '.', point: ',', steps: ['', ' Tsd.', ' Mio.', ' Mrd.', ' Bio.'], months: 'Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez' },
  fr: { group: '\u202f', point: ',', steps: ['', ' k', ' M', ' Md', ' Bn'], months: 'janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.' },
  es: { group: '.', point: ',', steps: ['', ' mil', ' M', ' mil M', ' bn'], months: 'ene feb mar abr may jun jul ago sep oct nov dic' },
}

const two = (n) => (n < 10 ? '0' : '') + n

function fixed(size, digits, most, l) {
  let text = digits === undefined ? String(Number(size.toFixed(most))) : size.toFixed(digits)
  if (text.includes('e')) return text
  const [whole, part] = text.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, l.group)
  return part ? grouped + l.point + part : grouped
}

function scaled(size, digits, base, steps, l) {
  let i = 0
  while (i < steps.length - 1 && Number(size.toFixed(digits ?? 1)) >= base) {
    size /= base
    i++
  }
  return fixed(size, digits, i === 0 && size < 1 ? 4 : size < 10 ? 2 : 1, l) + steps[i]
}

function clock(size) {
  if (size >= 1e12) return String(size)
  const whole = Math.round(size)
  const h = Math.floor(whole / 3600)
  const m = Math.floor(whole / 60) % 60
  return h ? h + ':' + two(m) + ':' + two(whole % 60) : m + ':' + two(whole % 60)
}

const number = (f) => (value, digits, unit, l) => {
  if (value === null || value === undefined || value === '' || value === '-') return ''
  const n = Number(value)
  if (!Number.isFinite(n)) return String(value)
  const body = f(Math.abs(n), digits, l)
  const sign = n < 0 && /[1-9]/.test(body) ? '\u2212' : ''
  return unit[0] === '^' ? sign + unit.slice(1) + body : sign + body + unit
}

function instant(value) {
  if (typeof value !== 'string') return new Date(value)
  const bare = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?)?)?$/.exec(value)
  return new Date(bare ? `${bare[1]}-${bare[2] ?? '01'}-${bare[3] ?? '01'}T${bare[4] ?? '00:00'}Z` : value)
}

const date = (f) => (value, digits, unit, l, index) => {
  if (value === null || value === undefined || value === '') return ''
  const d = instant(value)
  return Number.isNaN(d.getTime()) ? String(value) : f(d, l, index) + unit
}

const month = (d, l) => l.months.split(' ')[d.getUTCMonth()]
const day = (d, l) => d.getUTCDate() + ' ' + month(d, l)
const time = (d) => two(d.getUTCHours()) + ':' + two(d.getUTCMinutes())

function tick(d, l, index) {
  if (d.getUTCMilliseconds()) return time(d) + ':' + two(d.getUTCSeconds()) + '.' + String(d.getUTCMilliseconds()).padStart(3, '0')
  if (d.getUTCSeconds()) return time(d) + ':' + two(d.getUTCSeconds())
  if (d.getUTCHours() || d.getUTCMinutes()) return index === 0 ? day(d, l) + ' ' + time(d) : time(d)
  if (d.getUTCDate() !== 1) return day(d, l)
  if (d.getUTCMonth()) return index === 0 ? month(d, l) + ' ' + d.getUTCFullYear() : month(d, l)
  return String(d.getUTCFullYear())
}

const formats = {
  thousands: number((n, digits, l) => fixed(n, digits, n < 1 ? 4 : 2, l)),
  number: number((n, digits, l) => fixed(n, digits, 6, l)),
  percent: number((n, digits, l) => fixed(n * 100, digits, 1, l) + '%'),
  compact: number((n, digits, l) => scaled(n, digits, 1000, l.steps, l)),
  bytes: number((n, digits, l) => scaled(n, digits, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB'], l)),
  duration: number((n) => clock(n)),
  year: date((d) => String(d.getUTCFullYear())),
  quarter: date((d) => 'Q' + (Math.floor(d.getUTCMonth() / 3) + 1) + ' ' + d.getUTCFullYear()),
  month: date((d, l) => month(d, l) + ' ' + d.getUTCFullYear()),
  date: date((d, l) => day(d, l) + ' ' + d.getUTCFullYear()),
  datetime: date((d, l) => day(d, l) + ' ' + d.getUTCFullYear() + ' ' + time(d)),
  time: date(time),
  tick: date(tick),
}

const grammar = /^\$fmt:([a-z]+)(?:@([a-z]{2}))?(?::(\d?)(?::([^]*))?)?$/

// named returns the function for a "$fmt:" text, or undefined.
export function named(text) {
  const [, name, language, digits, unit = ''] = grammar.exec(text) ?? []
  if (!name || !Object.hasOwn(formats, name)) return undefined
  const l = languages[language] ?? languages.en
  const places = digits ? Number(digits) : undefined
  return (given, index) => formats[name](valueOf(given), places, unit, l, index)
}

// ECharts hands a bare value to axes and an object to labels.
function valueOf(given) {
  if (given === null || typeof given !== 'object' || given instanceof Date) return given
  const { value } = given
  return Array.isArray(value) ? value[value.length - 1] : value
}

const places = new Set(['formatter', 'valueFormatter'])
const dropped = new Set(['__proto__', 'link', 'sublink', 'renderItem'])

// revive copies an option with its named formats as functions; rows pass through.
export function revive(node, key = '') {
  if (typeof node === 'string') return places.has(key) && node.startsWith('$fmt:') ? named(node) : node
  if (node === null || typeof node !== 'object' || key === 'data' || key === 'source') return node
  if (Array.isArray(node)) return node.map((item) => revive(item))
  const copy = {}
  for (const k of Object.keys(node)) if (!dropped.has(k)) copy[k] = revive(node[k], k)
  return copy
}
