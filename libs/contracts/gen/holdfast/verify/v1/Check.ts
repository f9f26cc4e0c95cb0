// Original file: holdfast/verify/v1/verify_service.proto


export interface Check {
  'name'?: (string);
  'level'?: (number);
  'ok'?: (boolean);
  'detail'?: (string);
}

export interface Check__Output {
  'name': (string);
  'level': (number);
  'ok': (boolean);
  'detail': (string);
}
