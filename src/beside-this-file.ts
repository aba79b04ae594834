/** The module of this name beside this one, in the checkout (.ts) and in the build (.js): the entry of a thread. */
export function besideThisFile(name: string): URL {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  return new URL(`./${name}${extension}`, import.meta.url)
}
