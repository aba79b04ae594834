import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { normalName, normalSubject } from '../../src/base/distinguished-name.ts'
import { type CertificateOptions, certificateAuthority } from '../support/fixtures/certificate-authority.ts'

const authority = certificateAuthority()

/** The normal form of a real certificate's subject. */
function subjectOf(subject: NonNullable<CertificateOptions['subject']>): string | null {
  return normalSubject(new X509Certificate(authority.issue({ subject }).certificate).subject)
}

describe('a subject of a certificate equals the name with its most specific part first:', () => {
  test.each<[string, NonNullable<CertificateOptions['subject']>]>([
    ['CN=billing', [['CN', 'billing']]],
    [
      'CN=billing,OU=Jobs,O=Acme',
      [
        ['O', 'Acme'],
        ['OU', 'Jobs'],
        ['CN', 'billing']
      ]
    ],
    [
      'cn=billing , o = Acme',
      [
        ['O', 'Acme'],
        ['CN', 'billing']
      ]
    ],
    ['CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h', [['CN', 'a,b+c"d\\e<f>g;h']]],
    [
      'CN=\\ a\\ ,O=\\#b',
      [
        ['O', '#b'],
        ['CN', ' a ']
      ]
    ],
    ['CN=a=b', [['CN', 'a=b']]],
    ['CN=Zoë', [['CN', 'Zoë']]],
    ['CN=Zo\\C3\\AB', [['CN', 'Zoë']]],
    ['CN=a\\0Ab', [['CN', 'a\nb']]]
  ])('%s', (text, subject) => {
    expect(subjectOf(subject)).toBe(normalName(text))
    expect(normalName(text)).not.toBeNull()
  })
})

test('no value of a distinguished name passes for two parts, or for another order', () => {
  const wanted = normalName('CN=billing,O=Acme')
  expect(subjectOf([['CN', 'billing,O=Acme']])).not.toBe(wanted)
  expect(subjectOf([['CN', 'billing\nO=Acme']])).not.toBe(wanted)
  expect(subjectOf([['O', 'Acme\nCN=billing']])).not.toBe(wanted)
  expect(
    subjectOf([
      ['O', 'Acme'],
      ['CN', 'billing + O=Acme']
    ])
  ).not.toBe(wanted)
  expect(
    subjectOf([
      ['CN', 'billing'],
      ['O', 'Acme']
    ])
  ).not.toBe(wanted)
  expect(
    subjectOf([
      ['O', 'Acme'],
      ['CN', 'Billing']
    ])
  ).not.toBe(wanted)
  expect(
    subjectOf([
      ['C', 'DE'],
      ['O', 'Acme'],
      ['CN', 'billing']
    ])
  ).not.toBe(wanted)
})

test('the parts of a multi-valued name may come in any order', () => {
  expect(normalName('CN=a+OU=b,O=c')).toBe(normalName('OU=b + CN=a,O=c'))
  expect(normalName('CN=a+OU=b,O=c')).not.toBe(normalName('CN=a,OU=b,O=c'))
})

test.each([
  '',
  'billing',
  'CN',
  'CN=',
  '=a',
  'CN=a,',
  ',CN=a',
  'CN=a,,O=b',
  'CN="a"',
  'CN=#0403',
  'CN=a\\',
  'CN=a\\x',
  'CN=\\FF',
  '/CN=a'
])('%j is no name', text => {
  expect(normalName(text)).toBeNull()
})

test('an empty subject is not a name', () => {
  expect(subjectOf([])).toBeNull()
})
