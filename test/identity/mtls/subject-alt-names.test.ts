import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { subjectAltUris } from '../../../src/identity/mtls/subject-alt-names.ts'
import { type AlternativeName, certificateAuthority } from '../../support/fixtures/certificate-authority.ts'

const authority = certificateAuthority()

/** The URIs that are found in a real certificate with these names. */
function found(...alternativeNames: AlternativeName[]): string[] {
  const { certificate } = authority.issue({ alternativeNames })
  return subjectAltUris(new X509Certificate(certificate).subjectAltName)
}

const uri = (value: string): AlternativeName => ({ kind: 'uri', value })
const dns = (value: string): AlternativeName => ({ kind: 'dns', value })
const email = (value: string): AlternativeName => ({ kind: 'email', value })

test('all URIs are found, among other names', () => {
  expect(found(dns('a.example'), uri('spiffe://acme/billing'), email('a@b'), uri('urn:x:1'))).toEqual([
    'spiffe://acme/billing',
    'urn:x:1'
  ])
  expect(found(dns('a.example'))).toEqual([])
  expect(subjectAltUris(undefined)).toEqual([])
  expect(subjectAltUris('')).toEqual([])
})

test.each([
  ['a comma', dns('x, URI:urn:acme')],
  ['a quote', dns('x", URI:urn:acme, DNS:"y')],
  ['a backslash and a quote', dns('x\\", URI:urn:acme')],
  ['an end of text', dns('x\0, URI:urn:acme')],
  ['a line end', dns('x\nURI:urn:acme')],
  ['an escape that is none', dns('\\u002c URI:urn:acme')],
  ['a comma in an address', email('x, URI:urn:acme')]
])('another name with %s in it does not pass for a URI', (_what, name) => {
  expect(found(name)).toEqual([])
  expect(found(name, uri('urn:real'))).toEqual(['urn:real'])
})

test('a URI is read as the certificate holds it, whatever characters it has', () => {
  const strange = ['urn:a,b', 'urn:a"b', "urn:a'b", 'urn:a\\b', 'urn:acme\0.evil', 'urn:x, URI:urn:acme']
  expect(found(...strange.map(uri))).toEqual(strange)
})

test('a text other than a list of names has no URIs', () => {
  for (const text of ['URI', 'URI:"urn:a', 'URI:urn:a;DNS:b"', 'URI:urn:a, x', 'URI:"a"b, URI:urn:a'])
    expect(subjectAltUris(text), text).toEqual([])
})
