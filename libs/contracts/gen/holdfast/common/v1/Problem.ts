// Original file: holdfast/common/v1/common.proto


export interface Problem {
  'code'?: (string);
  'subject'?: (string);
  'message'?: (string);
  'remedy'?: (string);
}

export interface Problem__Output {
  'code': (string);
  'subject': (string);
  'message': (string);
  'remedy': (string);
}
