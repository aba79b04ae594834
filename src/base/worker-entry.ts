/** The module `name`, relative to the one at `url`: TypeScript in the checkout, JavaScript in the build. */
export function workerEntry(url: string, name: string): URL {
  return new URL(`./${name}${url.slice(url.lastIndexOf('.'))}`, url)
}
