import type { Options } from 'ajv'

/**
 * For every compiler of schemas: ours are constants, and a test checks them against the meta-schema. To compile the meta-schema at
 * each start takes longer than to compile most of them.
 */
export const schemaCompilerOptions = { meta: false, validateSchema: false } as const satisfies Options
