module github.com/sealift/sealift

go 1.26
