// As palavras da página que compara servidores e das visões salvas.
import type { Words } from "../en";

export const explore: Words["explore"] = {
  title: "Explorar",
  lead: "Até oito servidores, um painel por grandeza.",
  servers: "Servidores",
  quantities: "Grandezas",
  choose: "Escolha servidores para comparar; cabem até oito.",
  add: "Adicionar servidor…",
  limit: "No máximo oito servidores.",
  noServers: "Ainda não há servidores para comparar. Adicione um na página da frota.",
  takeOut: (name) => `Tirar ${name}`,
  function: "Função",
  functions: {
    mean: "Média",
    min: "Menor",
    max: "Maior",
    median: "Mediana",
    p05: "Percentil 5",
    p95: "Percentil 95",
    p99: "Percentil 99",
    stddev: "Desvio padrão",
    first: "Primeira",
    last: "Última",
    count: "Número de leituras",
    delta: "Variação",
    rate: "Variação por segundo",
  },
  of: (name, step) => `${name} ${step}`,
  step: "Passo",
  steps: { "10s": "10 s", minute: "1 min", "5m": "5 min", "15m": "15 min", hour: "1 h", "6h": "6 h", day: "1 dia" },
  automatic: "Automático",
  brush: { from: "Início do período", to: "Fim do período", both: "Período" },
};

export const views: Words["views"] = {
  title: "Visões salvas",
  name: "Salvar o que se vê como",
  save: "Salvar",
  replace: "Substituir",
  none: "Nenhuma ainda. Uma visão guarda servidores, grandezas, período, função e fuso horário.",
  forget: (name) => `Excluir ${name}`,
};
