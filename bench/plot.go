package main

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// writePlot draws what Sealift needs of what the best of the others needs:
// a bar for each workload, and a line where both are equal.
func (r *report) writePlot(name string) error {
	rows := slices.DeleteFunc(slices.Clone(r.Rows), func(r row) bool { _, best := r.ratio(); return best == "" })
	if len(rows) == 0 {
		return nil
	}
	slices.Reverse(rows) // the first one on top
	values, labels := plotter.Values{}, []string{}
	for _, row := range rows {
		ratio, best := row.ratio()
		values = append(values, ratio)
		labels = append(labels, row.Workload+" ("+best+")")
	}
	bars, err := plotter.NewBarChart(values, vg.Points(9))
	if err != nil {
		return err
	}
	bars.Horizontal = true
	bars.LineStyle.Width = 0
	bars.Color = color.RGBA{R: 0x1f, G: 0x6f, B: 0xb2, A: 0xff}
	equal, err := plotter.NewLine(plotter.XYs{{X: 1, Y: -1}, {X: 1, Y: float64(len(rows))}})
	if err != nil {
		return err
	}
	equal.Color = color.RGBA{R: 0xc0, G: 0x39, B: 0x2b, A: 0xff}
	p := plot.New()
	p.Title.Text = "CPU time and memory of Sealift as a part of the best other server's"
	p.X.Label.Text = "ratio; less is better; in brackets: the best other server"
	p.X.Min, p.X.Max = 0, max(1.25, slices.Max(values)*1.05)
	p.NominalY(labels...)
	p.Add(plotter.NewGrid(), bars, equal)
	return p.Save(24*vg.Centimeter, vg.Length(len(rows)+5)*0.62*vg.Centimeter, name)
}
