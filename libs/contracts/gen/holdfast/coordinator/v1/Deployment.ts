// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface Deployment {
  'deployment'?: (string);
  'specVersion'?: (number);
  'specYaml'?: (string);
}

export interface Deployment__Output {
  'deployment': (string);
  'specVersion': (number);
  'specYaml': (string);
}
