// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface RunEvent {
  'sequence'?: (number);
  'at'?: (string);
  'kind'?: (string);
  'step'?: (string);
  'detailJson'?: (string);
}

export interface RunEvent__Output {
  'sequence': (number);
  'at': (string);
  'kind': (string);
  'step': (string);
  'detailJson': (string);
}
