// Original file: holdfast/coordinator/v1/coordinator_service.proto


export interface PlanPruneRequest {
  'deployment'?: (string);
}

export interface PlanPruneRequest__Output {
  'deployment': (string);
}
