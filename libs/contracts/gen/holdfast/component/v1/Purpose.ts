// Original file: holdfast/component/v1/component_service.proto

export const Purpose = {
  PURPOSE_UNSPECIFIED: 'PURPOSE_UNSPECIFIED',
  PURPOSE_BACKUP: 'PURPOSE_BACKUP',
  PURPOSE_RESTORE: 'PURPOSE_RESTORE',
  PURPOSE_COVERAGE: 'PURPOSE_COVERAGE',
} as const;

export type Purpose =
  | 'PURPOSE_UNSPECIFIED'
  | 0
  | 'PURPOSE_BACKUP'
  | 1
  | 'PURPOSE_RESTORE'
  | 2
  | 'PURPOSE_COVERAGE'
  | 3

export type Purpose__Output = typeof Purpose[keyof typeof Purpose]
