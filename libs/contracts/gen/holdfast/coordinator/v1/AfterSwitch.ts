// Original file: holdfast/coordinator/v1/coordinator_service.proto

export const AfterSwitch = {
  AFTER_SWITCH_UNSPECIFIED: 'AFTER_SWITCH_UNSPECIFIED',
  AFTER_SWITCH_TAKE_BACK: 'AFTER_SWITCH_TAKE_BACK',
  AFTER_SWITCH_GO_ON: 'AFTER_SWITCH_GO_ON',
} as const;

export type AfterSwitch =
  | 'AFTER_SWITCH_UNSPECIFIED'
  | 0
  | 'AFTER_SWITCH_TAKE_BACK'
  | 1
  | 'AFTER_SWITCH_GO_ON'
  | 2

export type AfterSwitch__Output = typeof AfterSwitch[keyof typeof AfterSwitch]
