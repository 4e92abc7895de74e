// Tells the server in which time zone the reader's clock is, so that it can
// tell times by it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
if (zone && !document.cookie.split('; ').includes(`assay_zone=${zone}`)) {
  document.cookie = `assay_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax`
}
